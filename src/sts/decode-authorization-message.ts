/**
 * Why a request was decided as it was, for those who may know: the message that a refusal carried, in clear.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
 */
import { maxEncodedLength, openAuthorizationMessage, type MessageBox } from '../role/authorization-message.js'
import { identityOfCaller } from '../role/caller.js'
import type { StsAction } from './action.js'
import { lacks, refused, type PermissionDeps } from './permission.js'
import { createValidation } from './validation.js'
import { refusal } from './wire-errors.js'

const messageText = { min: 1, max: maxEncodedLength, sensitive: true } as const

export function decodeAuthorizationMessage(
  deps: PermissionDeps & { readonly authorizationMessages: MessageBox },
): StsAction {
  return {
    name: 'DecodeAuthorizationMessage',
    signed: true,
    parse(form) {
      const check = createValidation(form)
      const encoded = check.requiredText('EncodedMessage', messageText)
      const wrong = check.refusal()
      if (wrong !== undefined) return { ok: false, refusal: wrong }
      return {
        ok: true,
        recordable: null,
        run: (caller, origin) => {
          const denied = lacks(caller, origin, { action: 'sts:DecodeAuthorizationMessage' }, deps)
          if (denied !== undefined) return Promise.resolve(refused(denied))
          const { account } = identityOfCaller(caller)
          const message = openAuthorizationMessage(deps.authorizationMessages, account, encoded)
          return Promise.resolve(
            message === undefined
              ? refused(
                  refusal(
                    'InvalidAuthorizationMessageException',
                    'Message is not valid',
                    'sts:authorization-message',
                  ),
                )
              : { ok: true, result: [['DecodedMessage', message]], recorded: false },
          )
        },
      }
    },
  }
}
