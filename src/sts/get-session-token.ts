/**
 * A user takes temporary credentials for itself, with an MFA code or without.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
import type { UserTokenBroker } from '../role/user-token-broker.js'
import type { StsAction } from './action.js'
import { closing, credentials, recordedByBroker } from './assume.js'
import { readIssueParameters } from './assume-parameters.js'
import { longTermCaller } from './caller-kind.js'
import { readMfa, recordableMfa, refuseMfa, verifyMfa, type MfaDeps } from './mfa.js'
import { refused } from './permission.js'
import { createValidation } from './validation.js'

const name = 'GetSessionToken'

export function getSessionToken(deps: MfaDeps & { readonly userTokens: UserTokenBroker }): StsAction {
  return {
    name,
    signed: true,
    parse(form) {
      const check = createValidation(form)
      const parameters = readIssueParameters(check)
      const mfa = readMfa(check)
      const wrong = check.refusal() ?? refuseMfa(mfa)
      if (wrong !== undefined) return { ok: false, refusal: wrong }
      const { durationSeconds } = parameters
      const recordable = {
        ...(durationSeconds === undefined ? {} : { durationSeconds }),
        ...recordableMfa(mfa),
      }
      return {
        ok: true,
        recordable: Object.keys(recordable).length === 0 ? null : recordable,
        async run(signer, origin) {
          const caller = longTermCaller(signer, name)
          const verified = await verifyMfa(caller, mfa, deps)
          if (!verified.ok) return refused(verified.refusal)
          const { multiFactor } = verified
          return recordedByBroker(async () => {
            const issued = await deps.userTokens.sessionToken({
              caller,
              ...parameters,
              ...(multiFactor === undefined ? {} : { multiFactor }),
              origin,
            })
            const granted = { credentials: issued }
            return { ok: true, recorded: true, result: [credentials(granted), ...closing(granted)] }
          })
        },
      }
    },
  }
}
