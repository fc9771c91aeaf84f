/** `providers.yaml` and `providers/*.yaml`: how people and workloads prove who they are. `../providers.ts` resolves them. */
import * as z from 'zod'
import {
  address,
  fields,
  filePath,
  milliseconds,
  schemaHint,
  seconds,
  secret,
  tagKey,
  text,
} from './value.js'

const keyName = /^[A-Za-z0-9._-]{1,64}$/

const attribute = fields({
  from: text(512).meta({
    description: 'The provider’s name: LDAP attribute, SAML attribute Name, claim (nested: `a.b`).',
  }),
  to: z
    .string()
    .regex(keyName, 'a condition key’s name has 1 to 64 letters, digits and ._-')
    .optional()
    .meta({ description: 'Condition key without its prefix. Default: the same as `from`.' }),
  list: z
    .boolean()
    .default(false)
    .meta({ description: 'True: always multivalued, for `ForAnyValue:` and `ForAllValues:`.' }),
})

const sessionTag = fields({
  from: text(512).meta({ description: 'The provider’s name for it, as in `attributes`.' }),
  to: tagKey()
    .optional()
    .meta({ description: 'Key of the tag, `aws:PrincipalTag/<key>`. Default: the same as `from`.' }),
  transitive: z
    .boolean()
    .default(false)
    .meta({ description: 'True: the tag stays with the session through role chaining.' }),
  required: z
    .boolean()
    .default(false)
    .meta({ description: 'True: who has no such attribute cannot sign in. False: has no such tag.' }),
})

const sourceIdentity = fields({
  from: text(512).meta({ description: 'The provider’s name for it, as in `attributes`.' }),
  required: z
    .boolean()
    .default(false)
    .meta({ description: 'True: who has no such attribute cannot sign in.' }),
})

const shared = {
  name: z
    .string()
    .regex(keyName, 'a provider name has 1 to 64 letters, digits and ._-')
    .meta({ description: 'Unique; part of URLs and ARNs.' }),
  displayName: text(64).optional().meta({ description: 'On the sign-in page. Default: the name.' }),
  enabled: z.boolean().default(true).meta({
    description:
      'False: declared, so that trust policies may name it, but nobody signs in through it and its secrets are not read.',
  }),
  attributes: z
    .array(z.union([text(512), attribute]))
    .max(100)
    .default([])
    .meta({ description: 'What becomes condition keys: names, or `{from, to, list}`.' }),
  sessionTags: z
    .array(z.union([text(128), sessionTag]))
    .max(50)
    .default([])
    .meta({ description: 'What becomes session tags: names, or `{from, to, transitive, required}`.' }),
  sourceIdentity: z
    .union([text(512), sourceIdentity])
    .optional()
    .meta({ description: 'What becomes `aws:SourceIdentity`: a name, or `{from, required}`.' }),
}

/** For kinds whose messages can carry session tags of their own. */
const assertsTags = {
  allowTagKeys: z.array(tagKey()).max(1_000).optional().meta({
    description: 'Keys of the session tags that the provider may assert itself, ignoring case. Absent: any.',
  }),
}

const scope = () =>
  z
    .enum(['base', 'one', 'sub'])
    .default('sub')
    .meta({ description: 'The entry itself, one level below, or the whole tree.' })

const ldap = fields({
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

const keyPair = fields({
  certificateFile: filePath().meta({ description: 'PEM file of the certificate.' }),
  keyFile: filePath().meta({ description: 'PEM file of the private key.' }),
})

const saml = fields({
  kind: z.literal('saml').meta({ description: 'A SAML 2.0 identity provider.' }),
  ...shared,
  ...assertsTags,
  metadata: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'The IdP’s metadata as XML text. Exactly one of the three.' }),
  metadataFile: filePath().optional().meta({ description: 'File with the IdP’s metadata.' }),
  metadataUrl: address().optional().meta({ description: '`https:` address of the IdP’s metadata.' }),
  metadataRefresh: seconds(60, 604_800)
    .prefault('1h')
    .meta({ description: 'How often `metadataUrl` is read again.' }),
  entityId: address()
    .optional()
    .meta({ description: 'Ours. Default: `<publicUrl>/signin/<name>/metadata`.' }),
  extraAudiences: z
    .array(text(1024))
    .default([])
    .meta({ description: 'Audiences accepted besides `entityId`, e.g. `urn:amazon:webservices`.' }),
  extraRecipients: z.array(address()).default([]).meta({
    description: 'Recipients and destinations accepted besides our callback, for AssumeRoleWithSAML.',
  }),
  requestBinding: z
    .enum(['redirect', 'post'])
    .default('redirect')
    .meta({ description: 'How the browser carries our request.' }),
  signRequests: z.boolean().default(true).meta({ description: 'Sign our requests.' }),
  signing: keyPair.optional().meta({
    description: 'Key for signing. Default: `saml-signing.key` and `.crt` in the certificates directory.',
  }),
  encryption: keyPair.optional().meta({
    description: 'Key for assertions encrypted to us. Default: `saml-encryption.key` and `.crt` there.',
  }),
  insecureAllowSha1: z
    .boolean()
    .default(false)
    .meta({ description: 'Accept SHA-1 signatures. Refused beyond loopback.' }),
  nameIdFormat: text(256)
    .optional()
    .meta({ description: 'NameID format to ask for. Default: the IdP’s choice.' }),
  clockSkew: seconds(0, 600).prefault('60s').meta({ description: 'How far the IdP’s clock may be off.' }),
  usernameAttribute: z
    .union([text(512), z.literal('')])
    .default('')
    .meta({ description: 'Attribute Name of the user name; empty: the NameID.' }),
  displayNameAttribute: z
    .union([text(512), z.literal('')])
    .default('displayName')
    .meta({ description: 'Attribute Name of the name to show; empty: none.' }),
  emailAttribute: z
    .union([text(512), z.literal('')])
    .default('email')
    .meta({ description: 'Attribute Name of the e-mail address; empty: none.' }),
  groupsAttribute: z
    .union([text(512), z.literal('')])
    .default('groups')
    .meta({ description: 'Attribute Name of the groups, in `saml:groups`; empty: none.' }),
})

const oidc = fields({
  kind: z.literal('oidc').meta({ description: 'An OpenID Connect provider, for people, workloads or both.' }),
  ...shared,
  ...assertsTags,
  issuer: address().meta({ description: 'Exactly as in the token’s `iss`.' }),
  client: fields({
    id: text(512).meta({ description: 'Client id at the provider.' }),
    secret: secret()
      .optional()
      .meta({ description: 'Client secret, as a reference; absent for a public client.' }),
    scopes: z
      .array(text(128))
      .default(['openid', 'profile', 'email'])
      .meta({ description: 'What is asked for; must contain `openid`.' }),
    userinfo: z
      .boolean()
      .default(false)
      .meta({ description: 'Also read claims from the userinfo endpoint.' }),
  })
    .optional()
    .meta({ description: 'For people who sign in. Absent: only workload tokens are accepted.' }),
  audiences: z
    .array(text(1024))
    .default([])
    .meta({ description: 'Audiences accepted from workload tokens, besides the client id.' }),
  contextAssertions: z
    .boolean()
    .default(false)
    .meta({ description: 'True: trusted context provider, for `ProvidedContexts` of AssumeRole.' }),
  caFile: filePath()
    .optional()
    .meta({ description: 'PEM file of authorities to trust besides the system’s.' }),
  insecureAllowHttp: z
    .boolean()
    .default(false)
    .meta({ description: 'Accept an `http:` issuer. Refused beyond loopback.' }),
  timeout: milliseconds(50, 60_000).prefault('5s').meta({ description: 'Per request to the provider.' }),
  clockSkew: seconds(0, 600)
    .prefault('60s')
    .meta({ description: 'How far the provider’s clock may be off.' }),
  usernameClaim: text(128).default('preferred_username').meta({ description: 'Claim of the user name.' }),
  displayNameClaim: text(128).default('name').meta({ description: 'Claim of the name to show.' }),
  emailClaim: text(128).default('email').meta({ description: 'Claim of the e-mail address.' }),
  groupsClaim: text(128).default('groups').meta({ description: 'Claim of the groups.' }),
})

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
