/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html — needs no permission. */
import { identityOfCaller } from '../role/caller.js'
import type { StsAction } from './action.js'

export const getCallerIdentity: StsAction = {
  name: 'GetCallerIdentity',
  signed: true,
  parse: () => ({
    ok: true,
    recordable: null,
    run: (caller) => {
      const { arn, userId, account } = identityOfCaller(caller)
      return {
        ok: true,
        recorded: false,
        result: [
          ['Arn', arn],
          ['UserId', userId],
          ['Account', account],
        ],
      }
    },
  }),
}
