/** What of a request the audit record keeps, in the names of CloudTrail: identifiers, never codes, tokens or assertions. */
import { providerArn } from '../federation/provider-arn.js'
import type { AssumeRequest } from './broker.js'
import { inheritedTags } from './session-tags.js'

export type Recorded = Readonly<Record<string, unknown>>

export interface RecordedNarrowing {
  readonly sessionPolicies?: readonly string[]
  readonly policyArns?: readonly string[]
  readonly tags?: ReadonlyMap<string, string>
}

type Parameters = Record<string, unknown>

export function parametersOf(request: AssumeRequest): Recorded {
  const { durationSeconds, externalId, sourceIdentity, multiFactor, contexts, transitiveTagKeys } = request
  const parameters: Parameters = { roleArn: request.roleArn, roleSessionName: request.sessionName }
  if (durationSeconds !== undefined) parameters.durationSeconds = durationSeconds
  if (externalId !== undefined) parameters.externalId = externalId
  if (sourceIdentity !== undefined) parameters.sourceIdentity = sourceIdentity
  addNarrowing(parameters, request)
  if (multiFactor !== undefined) parameters.serialNumber = multiFactor.serialNumber
  if (contexts !== undefined && contexts.length > 0)
    parameters.providedContexts = contexts.map(({ providerArn }) => ({ providerArn }))
  if (transitiveTagKeys !== undefined && transitiveTagKeys.length > 0)
    parameters.transitiveTagKeys = transitiveTagKeys
  addBroughtAlong(parameters, request)
  return parameters
}

/** Session policies and tags, as passed. */
export function narrowingOf(passed: RecordedNarrowing): Recorded {
  const parameters: Parameters = {}
  addNarrowing(parameters, passed)
  return parameters
}

function addNarrowing(parameters: Parameters, passed: RecordedNarrowing): void {
  const { sessionPolicies, policyArns, tags } = passed
  if (sessionPolicies !== undefined && sessionPolicies.length > 0)
    parameters.policy = sessionPolicies.join('\n')
  if (policyArns !== undefined && policyArns.length > 0)
    parameters.policyArns = policyArns.map((arn) => ({ arn }))
  if (tags !== undefined && tags.size > 0) parameters.tags = [...tags].map(([key, value]) => ({ key, value }))
}

/** What nobody passed in this call: what the identity provider asserted, or what the chain hands on. */
function addBroughtAlong(parameters: Parameters, { caller, roleArn, eventSource }: AssumeRequest): void {
  if (caller.type !== 'assertion') {
    const { tags } = inheritedTags(caller)
    if (tags.size > 0) parameters.incomingTransitiveTags = Object.fromEntries(tags)
    return
  }
  const { assertion } = caller
  const { tags, transitiveTagKeys, sourceIdentity, kind } = assertion
  if (kind === 'saml' && eventSource === 'sts.amazonaws.com')
    parameters.principalArn = providerArn(accountOf(roleArn), assertion)
  if (tags.size > 0) parameters.principalTags = Object.fromEntries(tags)
  if (transitiveTagKeys.length > 0) parameters.transitiveTagKeys = transitiveTagKeys
  if (sourceIdentity !== undefined) parameters.sourceIdentity = sourceIdentity
}

const beforeAccount = 4

/** `arn:aws:iam::<account>:…` → account; empty for what is no ARN. */
export function accountOf(arn: string): string {
  let start = 0
  for (let colons = 0; colons < beforeAccount; colons += 1) {
    start = arn.indexOf(':', start) + 1
    if (start === 0) return ''
  }
  const end = arn.indexOf(':', start)
  return end < 0 ? arn.slice(start) : arn.slice(start, end)
}
