/**
 * A SAML Response, verified by the provider that PrincipalArn names, becomes a role.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
 */
import type { Assertion, IdentityProvider } from '../federation/assertion.js'
import { nameQualifierOf } from '../role/name-qualifier.js'
import type { RoleBroker } from '../role/broker.js'
import type { StsAction, StsOutcome } from './action.js'
import { assume, assumedRoleUser, closing, credentials } from './assume.js'
import { readAssumeParameters, recordableAssume, refuseAssume } from './assume-parameters.js'
import { accountOfRole, parseProviderArn, providerFor } from './identity-provider-lookup.js'
import { refuseOutsideBody } from './proof.js'
import { verifyToken } from './token-verification.js'
import { arnText, createValidation } from './validation.js'
import { refusal, type StsErrorCode } from './wire-errors.js'
import type { XmlElement } from './xml.js'

const name = 'AssumeRoleWithSAML'
const denied = `Not authorized to perform sts:${name}`
const sessionNamePattern = /^[\w+=,.@-]{2,64}$/

export function assumeRoleWithSaml(deps: {
  readonly broker: RoleBroker
  readonly providers: () => readonly IdentityProvider[]
}): StsAction {
  return {
    name,
    signed: false,
    parse(form) {
      const check = createValidation(form)
      const parameters = readAssumeParameters(form, check)
      const principalArn = check.requiredText('PrincipalArn', arnText)
      const token = check.requiredText('SAMLAssertion', { min: 4, max: 100_000, sensitive: true })
      const wrong =
        check.refusal() ?? refuseOutsideBody(form, ['SAMLAssertion']) ?? refuseAssume(form, parameters)
      if (wrong !== undefined) return { ok: false, refusal: wrong }
      const recordable = { ...recordableAssume(parameters), principalArn }

      return {
        ok: true,
        recordable,
        async run(origin) {
          const principal = parseProviderArn(principalArn)
          const provider =
            principal === undefined ? undefined : providerFor(deps.providers(), 'saml', principal.resource)
          if (principal === undefined || provider?.token === undefined)
            return refused('InvalidIdentityToken', "Specified provider doesn't exist", 'saml:provider')
          // Base64 may come with line breaks.
          const verified = await verifyToken(provider, token.replace(/\s+/g, ''))
          if (!verified.ok) return verified.outcome
          const { assertion } = verified
          const sessionName = assertion.roleSessionName
          if (sessionName === undefined)
            return refused(
              'InvalidIdentityToken',
              'RoleSessionName is required in AuthnResponse',
              'saml:role-session-name',
            )
          if (!sessionNamePattern.test(sessionName))
            return refused(
              'InvalidIdentityToken',
              'RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}',
              'saml:role-session-name',
            )
          if (principal.account !== accountOfRole(parameters.roleArn))
            return refused('AccessDenied', denied, 'sts:provider-account')
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
            () => denied,
            (granted) => [
              assumedRoleUser(granted),
              credentials(granted),
              ...samlElements(assertion, principal.account),
              ...closing(granted),
            ],
          )
        },
      }
    },
  }
}

/** Audience is the Recipient, as at AWS; the provider keeps that one as `saml:aud`. */
function samlElements(assertion: Assertion, account: string): readonly XmlElement[] {
  const single = (key: string): string | undefined => {
    const value = assertion.conditionKeys.get(key)
    return typeof value === 'string' ? value : value?.[0]
  }
  return [
    ['Subject', assertion.subject],
    ['SubjectType', single('saml:sub_type') ?? 'unspecified'],
    ['Issuer', assertion.issuer],
    ['Audience', single('saml:aud') ?? assertion.audience],
    ['NameQualifier', nameQualifierOf(assertion, account)],
  ]
}

function refused(code: StsErrorCode, message: string, reason: string): StsOutcome {
  return { ok: false, refusal: refusal(code, message, reason), recorded: false }
}
