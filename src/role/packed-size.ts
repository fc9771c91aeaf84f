/**
 * PackedPolicySize: AWS compresses session policies and tags into a fixed space in an undocumented way. Ours is the
 * deflated size of their canonical text against a fixed budget: monotone, and honest about what the token will weigh.
 */
import { deflateRawSync } from 'node:zlib'
import { Fault } from '../fault.js'

const budgetBytes = 2048

/**
 * @returns percent of the budget; undefined when there is nothing to pack.
 * @throws {Fault} `PackedPolicyTooLarge` above 100.
 */
export function packedPolicyPercent(
  policies: readonly string[],
  policyArns: readonly string[],
  tags: ReadonlyMap<string, string>,
): number | undefined {
  if (policies.length === 0 && policyArns.length === 0 && tags.size === 0) return undefined
  const packed = deflateRawSync(JSON.stringify([[...policies, ...policyArns], [...tags]])).length
  const percent = Math.ceil((packed / budgetBytes) * 100)
  if (percent > 100) {
    throw new Fault(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
      { reason: 'sts:packed-size' },
    )
  }
  return percent
}
