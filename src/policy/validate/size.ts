/**
 * Checks on the size of the text. The quotas are those a document meets at AWS without asking for more; what Rolegate
 * itself refuses to compile is a limit of its own, see kind.ts.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
import type { PolicyKind } from '../document.js'
import type { PolicyLimits } from '../kind.js'
import { type Check, hit } from './check.js'

/** A managed policy, an ordinary trust policy, a session policy, a bucket policy, an organisation's policies. */
export const awsQuotas: PolicyLimits = {
  identity: 6_144,
  boundary: 6_144,
  session: 2_048,
  trust: 2_048,
  resource: 20_480,
  'service-control': 5_120,
  'resource-control': 5_120,
}

export const sizeChecks: readonly Check[] = [
  size('POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA', 'WARNING', ['identity', 'boundary', 'session']),
  size('POLICY_SIZE_EXCEEDS_RESOURCE_POLICY_QUOTA', 'WARNING', ['resource']),
  size('POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA', 'WARNING', ['trust']),
  size('POLICY_SIZE_EXCEEDS_SCP_QUOTA', 'ERROR', ['service-control']),
  size('POLICY_SIZE_EXCEEDS_RCP_QUOTA', 'ERROR', ['resource-control']),
]

/** The check that speaks of size for a kind. */
export function sizeCheckOf(kind: PolicyKind): Check {
  return sizeChecks.find(({ kinds }) => kinds?.includes(kind))!
}

function size(code: string, type: Check['type'], kinds: readonly PolicyKind[]): Check {
  return {
    code,
    type,
    kinds,
    *find({ root, characters, quota }) {
      if (characters > quota) {
        yield hit(`The document has ${characters} characters, the quota is ${quota}.`, root)
      }
    },
  }
}
