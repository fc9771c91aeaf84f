/**
 * Belongs to delegation requests between AWS and its partners, which nobody has a use for here: the answer is the one
 * that AWS gives whoever may not use it, AccessDenied after authentication and validation.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html
 */
import type { StsAction } from './action.js'
import { notAuthorized, refused } from './permission.js'
import { createValidation } from './validation.js'

/** The model bounds it in no way. */
const tradeInText = { min: 0, max: Infinity, sensitive: true } as const

export const getDelegatedAccessToken: StsAction = {
  name: 'GetDelegatedAccessToken',
  signed: true,
  parse(form) {
    const check = createValidation(form)
    check.requiredText('TradeInToken', tradeInText)
    const wrong = check.refusal()
    if (wrong !== undefined) return { ok: false, refusal: wrong }
    return {
      ok: true,
      recordable: null,
      run: (caller) =>
        refused({ ...notAuthorized(caller, 'sts:GetDelegatedAccessToken', '*'), reason: 'sts:not-offered' }),
    }
  },
}
