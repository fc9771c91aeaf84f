/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html — needs no permission. */
import { sessionArn } from '../role/role-session.js'
import type { StsAction } from './action.js'

export const getCallerIdentity: StsAction = {
  name: 'GetCallerIdentity',
  signed: true,
  parse: () => ({
    ok: true,
    recordable: null,
    run: (caller) =>
      Promise.resolve({
        ok: true,
        recorded: false,
        result: [
          ['Arn', sessionArn(caller)],
          ['UserId', `${caller.roleId}:${caller.sessionName}`],
          ['Account', caller.account],
        ],
      }),
  }),
}
