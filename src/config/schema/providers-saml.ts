/** An entry of `providers.yaml` that is a SAML 2.0 identity provider. */
import * as z from 'zod'
import { assertsTags, shared } from './providers-shared.js'
import { address, fields, filePath, seconds, text } from './value.js'

const keyPair = fields({
  certificateFile: filePath().meta({ description: 'PEM file of the certificate.' }),
  keyFile: filePath().meta({ description: 'PEM file of the private key.' }),
})

export const saml = fields({
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
