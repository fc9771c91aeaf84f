/**
 * A session as the root of a member account, for one of the published tasks and 15 minutes at most.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
 */
import type { RootSessionBroker } from '../role/root-session-broker.js'
import type { StsAction } from './action.js'
import { closing, credentials } from './assume.js'
import { tokenLengthRange } from './assume-parameters.js'
import { notAuthorized } from './permission.js'
import { arnText, createValidation } from './validation.js'
import { refusal } from './wire-errors.js'

const tasks: ReadonlySet<string> = new Set(
  [
    'IAMAuditRootUserCredentials',
    'IAMCreateRootUserPassword',
    'IAMDeleteRootUserCredentials',
    'S3UnlockBucketPolicy',
    'SQSUnlockQueuePolicy',
  ].map((name) => `arn:aws:iam::aws:policy/root-task/${name}`),
)
const targetText = { min: 12, max: 2048 }
const durationRange = { min: 0, max: 900 }
const accountPattern = /^\d{12}$/
/** Any principal of the account stands for the account: its root is who the session is. */
const principalPattern = /^arn:aws:iam::(\d{12}):(?:root|(?:user|role)\/[\x21-\x7e]{1,1024})$/

export function assumeRoot(broker: RootSessionBroker): StsAction {
  return {
    name: 'AssumeRoot',
    signed: true,
    parse(form) {
      const check = createValidation(form)
      const targetPrincipal = check.requiredText('TargetPrincipal', targetText)
      const taskPolicyArn = check.requiredText('TaskPolicyArn.arn', arnText)
      const durationSeconds = check.integer('DurationSeconds', durationRange)
      const minimumTokenLength = check.integer('MinimumSessionTokenSize', tokenLengthRange)
      const target = accountOfTarget(targetPrincipal)
      const wrong =
        check.refusal() ??
        (tasks.has(taskPolicyArn) ? undefined : invalid(taskPolicyArn)) ??
        (target === undefined ? invalid(targetPrincipal) : undefined)
      if (wrong !== undefined || target === undefined)
        return { ok: false, refusal: wrong ?? invalid(targetPrincipal) }
      const duration = durationSeconds === undefined ? {} : { durationSeconds }
      const resource = `arn:aws:iam::${target}:root`
      return {
        ok: true,
        recordable: { targetPrincipal, taskPolicyArn: { arn: taskPolicyArn }, ...duration },
        resource,
        run: async (caller, origin) => {
          const outcome = await broker.assumeRoot({
            caller,
            target,
            targetPrincipal,
            taskPolicyArn,
            ...duration,
            ...(minimumTokenLength === undefined ? {} : { minimumTokenLength }),
            origin,
          })
          return outcome.granted
            ? { ok: true, result: [credentials(outcome), ...closing(outcome)], recorded: true }
            : {
                ok: false,
                refusal: notAuthorized(caller, 'sts:AssumeRoot', resource),
                recorded: true,
              }
        },
      }
    },
  }
}

function accountOfTarget(targetPrincipal: string): string | undefined {
  return accountPattern.test(targetPrincipal) ? targetPrincipal : principalPattern.exec(targetPrincipal)?.[1]
}

function invalid(value: string) {
  return refusal('ValidationError', `${value.slice(0, 256)} is invalid`, 'sts:arn')
}
