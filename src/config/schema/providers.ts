/** `providers.yaml` and `providers/*.yaml`: how people and workloads prove who they are. `../providers.ts` resolves them. */
import * as z from 'zod'
import { ldap } from './providers-ldap.js'
import { oidc } from './providers-oidc.js'
import { saml } from './providers-saml.js'
import { shared } from './providers-shared.js'
import { fields, schemaHint, text } from './value.js'

const local = fields({
  kind: z
    .literal('local')
    .meta({ description: 'Users in a file of ours, for first steps and for breaking the glass.' }),
  ...shared,
  usersFile: text(4096)
    .default('users.json')
    .meta({ description: 'Written by `rolegate user`; relative to the data directory.' }),
})

export const providerEntry = z.discriminatedUnion('kind', [ldap, saml, oidc, local])

export type LdapEntry = z.output<typeof ldap>
export type SamlEntry = z.output<typeof saml>
export type OidcEntry = z.output<typeof oidc>
export type LocalEntry = z.output<typeof local>
export type ProviderEntry = LdapEntry | SamlEntry | OidcEntry | LocalEntry

export const providersFile = fields({
  $schema: schemaHint(),
  providers: z.array(providerEntry).meta({ description: 'The identity providers.' }),
})

export const providersOutline = fields({ $schema: schemaHint(), providers: z.array(z.unknown()) })
