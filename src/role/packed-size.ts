/**
 * PackedPolicySize: AWS compresses session policies and tags into a fixed space in an undocumented way. Ours is the
 * deflated size of their canonical text against a fixed budget: monotone, and honest about what the token will weigh.
 */
import { deflateRawSync } from 'node:zlib'

const budgetBytes = 2048

/** Percent of the budget; undefined when there is nothing to pack. */
export function packedPolicyPercent(
  policies: readonly string[],
  tags: ReadonlyMap<string, string>,
): number | undefined {
  if (policies.length === 0 && tags.size === 0) return undefined
  const packed = deflateRawSync(JSON.stringify([policies, [...tags]])).length
  return Math.ceil((packed / budgetBytes) * 100)
}
