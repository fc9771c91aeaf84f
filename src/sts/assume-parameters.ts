/** The parameters that the AssumeRole family shares, with the limits of the service model. */
import type { QueryForm } from './query-form.js'
import {
  readSessionPolicies,
  refuseSessionPolicies,
  type SessionPolicyParameters,
} from './session-policy-parameters.js'
import { arnText, type TextConstraint, type Validation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

export const sessionNameText: TextConstraint = { min: 2, max: 64, pattern: '[\\w+=,.@-]*' }
/** Longer than AWS's 12 hours on purpose; roles and the server bound it further. */
const durationRange = { min: 900, max: 129_600 }
/** What of a session token a client may ask for, to test how it handles long ones. */
export const tokenLengthRange = { min: 0, max: 4096 }
const roleArnPattern = /^arn:aws:iam::\d{12}:role\/(?:[\x21-\x7e]{1,510}\/)?[\w+=,.@-]{1,64}$/

export interface IssueParameters {
  readonly durationSeconds?: number
  readonly minimumTokenLength?: number
}

export interface AssumeParameters extends IssueParameters, SessionPolicyParameters {
  readonly roleArn: string
}

/** What every action takes that issues credentials for a role or user. */
export function readIssueParameters(check: Validation): IssueParameters {
  const durationSeconds = check.integer('DurationSeconds', durationRange)
  const minimumTokenLength = check.integer('MinimumSessionTokenSize', tokenLengthRange)
  return {
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(minimumTokenLength === undefined ? {} : { minimumTokenLength }),
  }
}

export function readAssumeParameters(form: QueryForm, check: Validation): AssumeParameters {
  const roleArn = check.requiredText('RoleArn', arnText)
  return Object.assign({ roleArn }, readSessionPolicies(form, check), readIssueParameters(check))
}

/** What is wrong although every single value is within its constraints. */
export function refuseAssume(form: QueryForm, parameters: AssumeParameters): Refusal | undefined {
  const { roleArn } = parameters
  return roleArnPattern.test(roleArn)
    ? refuseSessionPolicies(form, parameters)
    : refusal('ValidationError', `${roleArn} is invalid`, 'sts:arn')
}

/** What of them goes into the record of a request that never reached the broker. */
export function recordableAssume({ roleArn, durationSeconds, policyArns }: AssumeParameters) {
  return {
    roleArn,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(policyArns === undefined ? {} : { policyArns: policyArns.map((arn) => ({ arn })) }),
  }
}
