/**
 * Whose an access key id is. The account is read from the id itself, which anybody could do; nothing is looked up, so
 * the answer says neither whether the key exists nor whether the account does.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
 */
import { accountOf } from '../credentials/access-key-id.js'
import type { StsAction } from './action.js'
import { lacks, refused, type PermissionDeps } from './permission.js'
import { createValidation } from './validation.js'
import { refusal } from './wire-errors.js'

const accessKeyIdText = { min: 16, max: 128, pattern: '[\\w]*' }

export function getAccessKeyInfo(deps: PermissionDeps): StsAction {
  return {
    name: 'GetAccessKeyInfo',
    signed: true,
    parse(form) {
      const check = createValidation(form)
      const accessKeyId = check.requiredText('AccessKeyId', accessKeyIdText)
      const wrong = check.refusal()
      if (wrong !== undefined) return { ok: false, refusal: wrong }
      return {
        ok: true,
        recordable: { accessKeyId },
        run: (caller, origin) => {
          const denied = lacks(caller, origin, { action: 'sts:GetAccessKeyInfo' }, deps)
          if (denied !== undefined) return Promise.resolve(refused(denied))
          const account = accountOf(accessKeyId)
          return Promise.resolve(
            account === undefined
              ? refused(
                  refusal('ValidationError', `Invalid Access Key Id: ${accessKeyId}`, 'sts:access-key-id'),
                )
              : { ok: true, result: [['Account', account]], recorded: false },
          )
        },
      }
    },
  }
}
