/**
 * An OpenID Connect ID token, verified by the provider of its issuer, becomes a role.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
import type { IdentityProvider } from '../federation/assertion.js'
import { withoutScheme } from '../federation/provider-arn.js'
import type { RoleBroker } from '../role/broker.js'
import type { StsAction, StsOutcome } from './action.js'
import { assume, assumedRoleUser, closing, credentials } from './assume.js'
import { readAssumeParameters, recordableAssume, refuseAssume, sessionNameText } from './assume-parameters.js'
import { providerFor } from './identity-provider-lookup.js'
import { refuseOutsideBody } from './proof.js'
import { verifyToken } from './token-verification.js'
import { createValidation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

const name = 'AssumeRoleWithWebIdentity'
const maxIssuerLength = 255

export function assumeRoleWithWebIdentity(deps: {
  readonly broker: RoleBroker
  readonly providers: () => readonly IdentityProvider[]
}): StsAction {
  return {
    name,
    signed: false,
    parse(form) {
      const check = createValidation(form)
      const parameters = readAssumeParameters(form, check)
      const sessionName = check.requiredText('RoleSessionName', sessionNameText)
      const sent = check.requiredText('WebIdentityToken', { min: 4, max: 20_000, sensitive: true })
      const wrong =
        check.refusal() ??
        refuseOutsideBody(form, ['WebIdentityToken']) ??
        refuseAssume(form, parameters) ??
        refuseProviderId(form.get('ProviderId'))
      if (wrong !== undefined) return { ok: false, refusal: wrong }
      // SDKs send a token file as it is, with the line break at its end.
      const token = sent.trim()

      return {
        ok: true,
        recordable: { ...recordableAssume(parameters), roleSessionName: sessionName },
        async run(origin) {
          const issuer = unverifiedIssuer(token)
          if (issuer === undefined)
            return refused(
              'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
              'jwt:form',
            )
          const provider = providerFor(deps.providers(), 'oidc', `oidc-provider/${withoutScheme(issuer)}`)
          if (provider?.token === undefined)
            return refused(`No OpenIDConnect provider found in your account for ${issuer}`, 'jwt:issuer')
          const verified = await verifyToken(provider, token)
          if (!verified.ok) return verified.outcome
          const { assertion } = verified
          return assume(
            deps.broker,
            {
              caller: { type: 'assertion', assertion },
              ...parameters,
              sessionName,
              eventName: name,
              eventSource: 'sts.amazonaws.com',
              origin,
            },
            () => `Not authorized to perform sts:${name}`,
            (granted) => [
              assumedRoleUser(granted),
              credentials(granted),
              ['SubjectFromWebIdentityToken', assertion.subject],
              ['Provider', assertion.issuer],
              ['Audience', assertion.audience],
              ...closing(granted),
            ],
          )
        },
      }
    },
  }
}

/** Only the two OAuth providers of old have an id; neither is supported. */
function refuseProviderId(providerId: string | undefined): Refusal | undefined {
  return providerId === undefined
    ? undefined
    : refusal(
        'ValidationError',
        'ProviderId must not be sent with an OpenID Connect token.',
        'sts:provider-id',
      )
}

/** The issuer chooses whose keys verify the token; until they have, it is nobody's word. */
function unverifiedIssuer(token: string): string | undefined {
  const parts = token.split('.')
  if (parts.length !== 3) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString('utf8'))
    const issuer = (claims as { readonly iss?: unknown } | null)?.iss
    return typeof issuer === 'string' && issuer !== '' && issuer.length <= maxIssuerLength
      ? issuer
      : undefined
  } catch {
    return undefined
  }
}

function refused(message: string, reason: string): StsOutcome {
  return { ok: false, refusal: refusal('InvalidIdentityToken', message, reason), recorded: false }
}
