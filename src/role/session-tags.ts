/**
 * Session tags: what the caller passes, what the identity provider asserts, and what a chain inherits.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
import { Fault } from '../fault.js'
import { sameKey } from './request-context.js'

export interface SessionTags {
  readonly tags: ReadonlyMap<string, string>
  readonly transitiveTagKeys: readonly string[]
}

export const noTags: SessionTags = { tags: new Map(), transitiveTagKeys: [] }

/**
 * Joins the tags of this call with the transitive ones of the calling session.
 * @throws {Fault} `InvalidParameterValue` for keys that are equal without case, for a transitive key that is not among
 * the tags, and for an inherited key passed again; `InvalidRequest` for a reserved `aws:` key.
 */
export function joinTags(passed: SessionTags, inherited: SessionTags): SessionTags {
  const seen = new Set<string>()
  for (const key of passed.tags.keys()) {
    const folded = key.toLowerCase()
    if (folded.startsWith('aws:')) {
      throw new Fault('InvalidRequest', `tag key \`${key}\` begins with the reserved prefix aws:`, {
        reason: 'sts:tags',
      })
    }
    if (seen.has(folded)) {
      throw new Fault(
        'InvalidParameterValue',
        'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
        { reason: 'sts:tags' },
      )
    }
    seen.add(folded)
  }
  for (const key of passed.transitiveTagKeys) {
    if (!seen.has(key.toLowerCase())) {
      throw new Fault(
        'InvalidParameterValue',
        'The specified transitive tag key must be included in the requested tags.',
        { reason: 'sts:transitive' },
      )
    }
  }
  for (const key of inherited.transitiveTagKeys) {
    if (seen.has(key.toLowerCase())) {
      throw new Fault(
        'InvalidParameterValue',
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        { reason: 'sts:transitive' },
      )
    }
  }
  const carried = [...inherited.tags].filter(([key]) =>
    inherited.transitiveTagKeys.some((other) => sameKey(other, key)),
  )
  return {
    tags: new Map([...carried, ...passed.tags]),
    transitiveTagKeys: [...new Set([...inherited.transitiveTagKeys, ...passed.transitiveTagKeys])],
  }
}
