/** An entry of `providers.yaml` that is a directory. */
import * as z from 'zod'
import { shared } from './providers-shared.js'
import { address, fields, filePath, milliseconds, secret, text } from './value.js'

const scope = () =>
  z
    .enum(['base', 'one', 'sub'])
    .default('sub')
    .meta({ description: 'The entry itself, one level below, or the whole tree.' })

export const ldap = fields({
  kind: z.literal('ldap').meta({ description: 'A directory: OpenLDAP, Active Directory and the like.' }),
  ...shared,
  urls: z
    .array(address())
    .min(1)
    .max(16)
    .meta({ description: '`ldaps://host` or `ldap://host:port`, tried in order.' }),
  startTls: z
    .boolean()
    .default(false)
    .meta({ description: 'Encrypt `ldap://` connections before anything is said.' }),
  caFile: filePath()
    .optional()
    .meta({ description: 'PEM file of the authorities to trust instead of the system’s.' }),
  insecureSkipCertificateCheck: z
    .boolean()
    .default(false)
    .meta({ description: 'Accept any certificate. Refused beyond loopback.' }),
  insecureAllowPlaintext: z
    .boolean()
    .default(false)
    .meta({ description: 'Send passwords over an unencrypted connection. Refused beyond loopback.' }),
  connectTimeout: milliseconds(50, 60_000).prefault('5s').meta({ description: 'Per URL.' }),
  operationTimeout: milliseconds(50, 60_000).prefault('10s').meta({ description: 'Per bind and search.' }),
  bind: z
    .discriminatedUnion('type', [
      fields({
        type: z
          .literal('search')
          .meta({ description: 'Bind with a service account, search the person, then bind as the person.' }),
        dn: text().meta({
          description: 'DN (or `user@domain` for Active Directory) of the service account.',
        }),
        password: secret().meta({ description: 'Its password, as a reference.' }),
      }),
      fields({
        type: z.literal('template').meta({ description: 'Bind as the person at once.' }),
        dn: text()
          .includes('{username}', { error: 'must contain `{username}`' })
          .meta({ description: 'e.g. `uid={username},ou=people,dc=example,dc=com`; the name is escaped.' }),
      }),
    ])
    .meta({ description: 'How the person is found and the password proved.' }),
  userSearch: fields({
    base: text().meta({ description: 'Where people are.' }),
    scope: scope(),
    filter: text()
      .includes('{username}', { error: 'must contain `{username}`' })
      .default('(uid={username})')
      .meta({ description: '`{username}` is replaced by the escaped name.' }),
    idAttribute: text(128).optional().meta({
      description:
        'Attribute that identifies the entry for ever, e.g. `entryUUID`, `objectGUID`. Default: the DN.',
    }),
    usernameAttribute: text(128)
      .default('uid')
      .meta({ description: 'Canonical user name; `ldap:username`.' }),
    displayNameAttribute: text(128).default('cn').meta({ description: 'Name to show.' }),
    emailAttribute: text(128).default('mail').meta({ description: 'E-mail address.' }),
  }).meta({ description: 'The person’s entry.' }),
  groups: fields({
    from: z.enum(['memberOf', 'search', 'both', 'none']).default('memberOf').meta({
      description: 'Group names come from the person’s entry, from a search, from both or not at all.',
    }),
    memberOfAttribute: text(128).default('memberOf').meta({ description: 'Attribute that lists group DNs.' }),
    search: fields({
      base: text().meta({ description: 'Where groups are.' }),
      scope: scope(),
      filter: text()
        .regex(/\{dn\}|\{username\}/, 'must contain `{dn}` or `{username}`')
        .default('(member={dn})')
        .meta({ description: '`{dn}` and `{username}` are replaced, escaped.' }),
    })
      .optional()
      .meta({ description: 'Needed when `from` is `search` or `both`.' }),
    nameAttribute: text(128)
      .default('cn')
      .meta({ description: 'What a group is called in `ldap:groups`: an attribute, or `dn`.' }),
  })
    .prefault({})
    .meta({ description: 'Groups, in `ldap:groups`.' }),
})
