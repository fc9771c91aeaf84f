/** `Policy` and `PolicyArns`, which every issuing action but GetSessionToken takes, with the limits that AWS documents. */
import type { QueryForm } from './query-form.js'
import { arnText, type TextConstraint, type Validation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

/** Characters of plain text, of the inline policy and the ARNs together. */
const maxLength = 2048
const maxArns = 10
const policyText: TextConstraint = {
  min: 1,
  max: maxLength,
  pattern: '[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+',
}
const managedPolicyPattern =
  /^arn:aws:iam::(?:\d{12}|aws):policy\/(?:[\x21-\x7e]{1,510}\/)?[\w+=,.@-]{1,128}$/

export interface SessionPolicyParameters {
  readonly sessionPolicies?: readonly string[]
  readonly policyArns?: readonly string[]
}

/** An ARN that is repeated counts once. */
export function readSessionPolicies(form: QueryForm, check: Validation): SessionPolicyParameters {
  const policy = check.text('Policy', policyText)
  const members = form.structures('PolicyArns')
  const arns = new Set<string>()
  if (check.count('PolicyArns', members.length, maxArns))
    for (const [index, member] of members.entries())
      arns.add(check.member(`PolicyArns.${index + 1}.member.arn`, member.get('arn'), arnText))
  return {
    ...(policy === undefined ? {} : { sessionPolicies: [policy] }),
    ...(arns.size === 0 ? {} : { policyArns: [...arns] }),
  }
}

const likePolicy = /^policy(?:arns?)?(?:$|\.)/i
const knownPolicy = /^(?:Policy|PolicyArns|PolicyArns\.member\.\d+\.arn)$/

/**
 * What is wrong although every single value is within its constraints. Whether the policies exist is the broker's.
 *
 * A misspelt policy is refused, where AWS ignores it: whoever sends one means to narrow the session.
 */
export function refuseSessionPolicies(
  form: QueryForm,
  parameters: SessionPolicyParameters,
): Refusal | undefined {
  for (const name of form.names())
    if (likePolicy.test(name) && !knownPolicy.test(name))
      return refusal(
        'ValidationError',
        `The parameter ${name} is not known; nothing was narrowed.`,
        'sts:policy',
      )
  const { sessionPolicies = [], policyArns = [] } = parameters
  const foreign = policyArns.find((arn) => !managedPolicyPattern.test(arn))
  if (foreign !== undefined) return refusal('ValidationError', `${foreign} is invalid`, 'sts:policy-arn')
  const length = [...sessionPolicies, ...policyArns].reduce((sum, text) => sum + text.length, 0)
  return length <= maxLength
    ? undefined
    : refusal(
        'ValidationError',
        `Policy and PolicyArns together must have length less than or equal to ${maxLength}`,
        'sts:policy-length',
      )
}
