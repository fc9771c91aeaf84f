/** An entry of `providers.yaml` that is an OpenID Connect provider. */
import * as z from 'zod'
import { assertsTags, shared } from './providers-shared.js'
import { address, fields, filePath, milliseconds, seconds, secret, text } from './value.js'

export const oidc = fields({
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
