/** The parameters that the AssumeRole family shares, with the limits of the service model. */
import type { QueryForm } from './query-form.js'
import type { TextConstraint, Validation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

const arnCharacters = '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD]+'
export const arnText: TextConstraint = { min: 20, max: 2048, pattern: arnCharacters }
export const sessionNameText: TextConstraint = { min: 2, max: 64, pattern: '[\\w+=,.@-]*' }
/** The plain-text limit that AWS documents for policy and ARNs together. */
const maxPolicyLength = 2048
const policyText: TextConstraint = {
  min: 1,
  max: maxPolicyLength,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
}
/** Longer than AWS's 12 hours on purpose; roles and the server bound it further. */
const durationRange = { min: 900, max: 129_600 }
const roleArnPattern = /^arn:aws:iam::\d{12}:role\/(?:[\x21-\x7e]{1,510}\/)?[\w+=,.@-]{1,64}$/

export interface AssumeParameters {
  readonly roleArn: string
  readonly durationSeconds?: number
  readonly sessionPolicies?: readonly string[]
}

export function readAssumeParameters(form: QueryForm, check: Validation): AssumeParameters {
  const roleArn = check.requiredText('RoleArn', arnText)
  const policy = check.text('Policy', policyText)
  check.count('PolicyArns', form.list('PolicyArns').length, 10)
  const durationSeconds = check.integer('DurationSeconds', durationRange)
  return {
    roleArn,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(policy === undefined ? {} : { sessionPolicies: [policy] }),
  }
}

/** What is wrong although every single value is within its constraints. */
export function refuseAssume(form: QueryForm, { roleArn }: AssumeParameters): Refusal | undefined {
  if (!roleArnPattern.test(roleArn)) return refusal('ValidationError', `${roleArn} is invalid`, 'sts:arn')
  const [managed] = form.structures('PolicyArns')
  // There are no managed policies yet. Leaving one out would widen the session, so the request ends here.
  return managed === undefined
    ? undefined
    : refusal(
        'ValidationError',
        `The managed policy ${managed.get('arn') ?? ''} does not exist.`,
        'sts:policy',
      )
}
