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

export function parametersOf(request: AssumeRequest): Recorded {
  return {
    roleArn: request.roleArn,
    roleSessionName: request.sessionName,
    ...(request.durationSeconds === undefined ? {} : { durationSeconds: request.durationSeconds }),
    ...(request.externalId === undefined ? {} : { externalId: request.externalId }),
    ...(request.sourceIdentity === undefined ? {} : { sourceIdentity: request.sourceIdentity }),
    ...narrowingOf(request),
    ...(request.multiFactor === undefined ? {} : { serialNumber: request.multiFactor.serialNumber }),
    ...(request.contexts === undefined || request.contexts.length === 0
      ? {}
      : { providedContexts: request.contexts.map(({ providerArn }) => ({ providerArn })) }),
    ...(request.transitiveTagKeys === undefined || request.transitiveTagKeys.length === 0
      ? {}
      : { transitiveTagKeys: request.transitiveTagKeys }),
    ...broughtAlong(request),
  }
}

/** Session policies and tags, as passed. */
export function narrowingOf({ sessionPolicies, policyArns, tags }: RecordedNarrowing): Recorded {
  return {
    ...(sessionPolicies === undefined || sessionPolicies.length === 0
      ? {}
      : { policy: sessionPolicies.join('\n') }),
    ...(policyArns === undefined || policyArns.length === 0
      ? {}
      : { policyArns: policyArns.map((arn) => ({ arn })) }),
    ...(tags === undefined || tags.size === 0
      ? {}
      : { tags: [...tags].map(([key, value]) => ({ key, value })) }),
  }
}

/** What nobody passed in this call: what the identity provider asserted, or what the chain hands on. */
function broughtAlong({ caller, roleArn, eventSource }: AssumeRequest): Recorded {
  if (caller.type !== 'assertion') {
    const { tags } = inheritedTags(caller)
    return tags.size === 0 ? {} : { incomingTransitiveTags: Object.fromEntries(tags) }
  }
  const { assertion } = caller
  const { tags, transitiveTagKeys, sourceIdentity, kind } = assertion
  return {
    ...(kind === 'saml' && eventSource === 'sts.amazonaws.com'
      ? { principalArn: providerArn(accountOf(roleArn), assertion) }
      : {}),
    ...(tags.size === 0 ? {} : { principalTags: Object.fromEntries(tags) }),
    ...(transitiveTagKeys.length === 0 ? {} : { transitiveTagKeys }),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  }
}

/** `arn:aws:iam::<account>:…` → account; empty for what is no ARN. */
export function accountOf(arn: string): string {
  return arn.split(':', 5)[4] ?? ''
}
