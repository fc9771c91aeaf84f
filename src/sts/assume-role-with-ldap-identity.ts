/**
 * A directory's user name and password become a role. Not an AWS action: the name and the parameters LDAPUsername and
 * LDAPPassword are those of MinIO's STS, so that its clients work; RoleArn says which role, as everywhere here.
 */
import type { IdentityProvider } from '../federation/assertion.js'
import type { Metrics } from '../operation/metrics.js'
import type { RoleBroker } from '../role/broker.js'
import { roleSessionName } from '../role/session-name.js'
import { Fault } from '../fault.js'
import type { StsAction, StsOutcome } from './action.js'
import { assume, assumedRoleUser, closing, credentials } from './assume.js'
import { readAssumeParameters, recordableAssume, refuseAssume, sessionNameText } from './assume-parameters.js'
import { accountOfRole, parseProviderArn, providerFor } from './identity-provider-lookup.js'
import type { PasswordThrottle } from './password-throttle.js'
import { refuseOutsideBody } from './proof.js'
import { arnText, createValidation } from './validation.js'
import { failureAt } from './token-verification.js'
import { refusal, type Refusal } from './wire-errors.js'

const name = 'AssumeRoleWithLDAPIdentity'
const denied = `Not authorized to perform sts:${name}`

export function assumeRoleWithLdapIdentity(deps: {
  readonly broker: RoleBroker
  readonly providers: () => readonly IdentityProvider[]
  readonly throttle: PasswordThrottle
  readonly metrics: Metrics
}): StsAction {
  return {
    name,
    signed: false,
    parse(form) {
      const check = createValidation(form)
      const parameters = readAssumeParameters(form, check)
      const username = check.requiredText('LDAPUsername', { min: 1, max: 256 })
      const password = check.requiredText('LDAPPassword', { min: 1, max: 1024, sensitive: true })
      const givenSessionName = check.text('RoleSessionName', sessionNameText)
      const providerArn = check.text('ProviderArn', arnText)
      const providerName = check.text('ProviderName', { min: 1, max: 64, pattern: '[A-Za-z0-9._-]*' })
      const wrong =
        check.refusal() ??
        refuseOutsideBody(form, ['LDAPPassword', 'LDAPUsername']) ??
        refuseAssume(form, parameters)
      if (wrong !== undefined) return { ok: false, refusal: wrong }

      return {
        ok: true,
        recordable: {
          ...recordableAssume(parameters),
          ...(givenSessionName === undefined ? {} : { roleSessionName: givenSessionName }),
          ...(providerArn === undefined ? {} : { providerArn }),
          ...(providerName === undefined ? {} : { providerName }),
        },
        async run(origin) {
          const identity = { type: 'LDAPUser', userName: username } as const
          const refused = (refusal: Refusal): StsOutcome => ({
            ok: false,
            refusal,
            recorded: false,
            identity,
          })

          const choice = chooseProvider(deps.providers(), providerArn, providerName)
          if ('refusal' in choice) return refused(choice.refusal)
          const { provider, password: signIn, account } = choice
          if (account !== undefined && account !== accountOfRole(parameters.roleArn))
            return refused(refusal('AccessDenied', denied, 'sts:provider-account'))

          // Named as the sign-in page names it, so that both count together.
          const attempt = await deps.throttle.attempt(`${provider.name}/${username.trim()}`, origin.sourceIp)
          if (!attempt.allowed) {
            deps.metrics.signIn(provider.name, 'throttled')
            return refused({
              ...refusal('Throttling', 'Rate exceeded', 'ldap:throttled'),
              retryAfterSeconds: Math.max(1, Math.ceil(attempt.retryAfterSeconds)),
            })
          }
          let assertion
          try {
            assertion = await signIn.authenticate(username, password)
          } catch (cause) {
            if (!(cause instanceof Fault)) throw cause
            if (cause.code === 'ProviderUnavailable') await attempt.abandoned()
            deps.metrics.signIn(
              provider.name,
              cause.code === 'ProviderUnavailable' ? 'unavailable' : 'invalid',
            )
            return { ...failureAt(provider, cause), identity }
          }
          if (assertion === null) {
            deps.metrics.signIn(provider.name, 'denied')
            return refused(
              refusal(
                'IDPRejectedClaim',
                'The directory did not accept this user name and password.',
                'ldap:bind',
              ),
            )
          }
          deps.metrics.signIn(provider.name, 'success')
          await attempt.succeeded()
          return assume(
            deps.broker,
            {
              caller: { type: 'assertion', assertion },
              ...parameters,
              sessionName: givenSessionName ?? roleSessionName(assertion),
              eventName: name,
              eventSource: 'sts.amazonaws.com',
              origin,
            },
            () => denied,
            (granted) => [
              assumedRoleUser(granted),
              credentials(granted),
              ['Subject', assertion.subject],
              ['Provider', assertion.issuer],
              ...closing(granted),
            ],
          )
        },
      }
    },
  }
}

type Choice =
  | { readonly refusal: Refusal }
  | {
      readonly provider: IdentityProvider
      readonly password: NonNullable<IdentityProvider['password']>
      /** Of ProviderArn, when that was sent. */
      readonly account?: string
    }

/** The only directory there is, or the one that was named. */
function chooseProvider(
  providers: readonly IdentityProvider[],
  arn: string | undefined,
  providerName: string | undefined,
): Choice {
  const directories = providers.filter(({ kind, password }) => kind === 'ldap' && password !== undefined)
  const parsed = arn === undefined ? undefined : parseProviderArn(arn)
  const named = arn !== undefined || providerName !== undefined
  if (!named && directories.length > 1)
    return {
      refusal: refusal(
        'ValidationError',
        'There are several directories: send ProviderName.',
        'ldap:provider',
      ),
    }
  const provider =
    arn !== undefined
      ? parsed && providerFor(directories, 'ldap', parsed.resource)
      : providerName !== undefined
        ? directories.find((directory) => directory.name === providerName)
        : directories[0]
  const contradicted = providerName !== undefined && provider?.name !== providerName
  if (provider?.password === undefined || contradicted)
    return { refusal: refusal('InvalidIdentityToken', "Specified provider doesn't exist", 'ldap:provider') }
  return {
    provider,
    password: provider.password,
    ...(parsed === undefined ? {} : { account: parsed.account }),
  }
}
