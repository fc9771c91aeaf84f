/**
 * A user takes temporary credentials for somebody whom it vouches for itself.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
 */
import { identityOfCaller } from '../role/caller.js'
import type { UserTokenBroker } from '../role/user-token-broker.js'
import type { StsAction } from './action.js'
import { closing, credentials, recordedByBroker } from './assume.js'
import { readIssueParameters } from './assume-parameters.js'
import { longTermCaller } from './caller-kind.js'
import { notAuthorized } from './permission.js'
import { readSessionPolicies, refuseSessionPolicies } from './session-policy-parameters.js'
import { readTags, refuseTags } from './session-tag-parameters.js'
import { createValidation } from './validation.js'

const actionName = 'GetFederationToken'
const nameText = { min: 2, max: 32, pattern: '[\\w+=,.@-]*' }

export function getFederationToken(deps: { readonly userTokens: UserTokenBroker }): StsAction {
  return {
    name: actionName,
    signed: true,
    parse(form) {
      const check = createValidation(form)
      const name = check.requiredText('Name', nameText)
      const policies = readSessionPolicies(form, check)
      const parameters = readIssueParameters(check)
      const tags = readTags(form, check)
      const wrong = check.refusal() ?? refuseSessionPolicies(form, policies) ?? refuseTags(tags)
      if (wrong !== undefined) return { ok: false, refusal: wrong }
      const { durationSeconds } = parameters
      return {
        ok: true,
        recordable: { name, ...(durationSeconds === undefined ? {} : { durationSeconds }) },
        run: (signer, origin) =>
          recordedByBroker(async () => {
            const caller = longTermCaller(signer, actionName)
            const outcome = await deps.userTokens.federationToken({
              caller,
              name,
              ...policies,
              ...parameters,
              ...(tags.length === 0 ? {} : { tags: new Map(tags) }),
              origin,
            })
            if (!outcome.granted)
              return {
                ok: false,
                refusal: notAuthorized(caller, outcome.deniedAction, outcome.resource),
                recorded: true,
              }
            const { arn, userId } = identityOfCaller({ type: 'session', session: outcome.session })
            return {
              ok: true,
              recorded: true,
              result: [
                credentials(outcome),
                [
                  'FederatedUser',
                  [
                    ['FederatedUserId', userId],
                    ['Arn', arn],
                  ],
                ],
                ...closing(outcome),
              ],
            }
          }),
      }
    },
  }
}
