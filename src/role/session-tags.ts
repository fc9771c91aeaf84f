/**
 * Session tags: what the caller passes, what the identity provider asserts, and what a chain inherits.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
import { Fault } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import type { AssumeCaller } from './broker.js'

export interface SessionTags {
  readonly tags: ReadonlyMap<string, string>
  readonly transitiveTagKeys: readonly string[]
}

export const noTags: SessionTags = { tags: new Map(), transitiveTagKeys: [] }

/**
 * The tags of the session that this call would make.
 * @throws {Fault} as `joinTags`, and `InvalidParameterValue` for a key, in any case, that an identity provider asserted
 * when the caller's chain began: nobody after it can speak for it, whether the tag travelled on or not.
 */
export function tagsFor(caller: AssumeCaller, passed: SessionTags): SessionTags {
  switch (caller.type) {
    case 'assertion':
      assertNotAsserted(passed.tags, lowerCased(caller.assertion.tags))
      return passed.tags.size === 0
        ? joinTags(caller.assertion, noTags)
        : joinTags(passed, asInherited(caller.assertion))
    case 'user':
      return joinTags(passed, noTags)
    case 'session':
      assertNotAsserted(passed.tags, caller.session.origin.assertedTagKeys)
      return joinTags(passed, inheritedTags(caller))
  }
}

/** The tags, with their values, that a role session hands on to the next one; none for other callers. */
export function inheritedTags(caller: AssumeCaller): SessionTags {
  if (caller.type !== 'session' || caller.session.type !== 'role') return noTags
  const { tags, transitiveTagKeys } = caller.session
  if (transitiveTagKeys.length === 0) return noTags
  const transitive = new Set(transitiveTagKeys.map((key) => key.toLowerCase()))
  return { tags: new Map([...tags].filter(([key]) => transitive.has(key.toLowerCase()))), transitiveTagKeys }
}

/** The keys that an identity provider asserted, as the chain carries them on. */
export function lowerCased(tags: ReadonlyMap<string, string>): readonly string[] {
  return tags.size === 0 ? [] : [...tags.keys()].map((key) => key.toLowerCase())
}

/**
 * Joins the tags of this call with those that are set already.
 * @param inherited all of them are carried on.
 * @throws {Fault} `InvalidParameterValue` for keys that are equal without case, for a transitive key that is not among
 * the tags, and for an inherited key passed again; `InvalidRequest` for a reserved `aws:` key.
 */
export function joinTags(passed: SessionTags, inherited: SessionTags): SessionTags {
  if (passed.tags.size === 0 && passed.transitiveTagKeys.length === 0) return inherited
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
  for (const key of inherited.tags.keys()) {
    if (seen.has(key.toLowerCase())) {
      throw new Fault(
        'InvalidParameterValue',
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
        { reason: 'sts:transitive' },
      )
    }
  }
  return {
    tags: inherited.tags.size === 0 ? passed.tags : new Map([...inherited.tags, ...passed.tags]),
    transitiveTagKeys: [...new Set([...inherited.transitiveTagKeys, ...passed.transitiveTagKeys])],
  }
}

function assertNotAsserted(tags: ReadonlyMap<string, string>, asserted: readonly string[]): void {
  if (tags.size === 0 || asserted.length === 0) return
  for (const key of tags.keys()) {
    if (asserted.includes(key.toLowerCase()))
      throw new Fault(
        'InvalidParameterValue',
        `The tag key \`${key}\` can't be set because the identity provider asserted it.`,
        { reason: 'sts:asserted-tag' },
      )
  }
}

/** Beside passed tags everything that was asserted stays, and what the provider called transitive travels on. */
function asInherited({ tags, transitiveTagKeys }: Assertion): SessionTags {
  return { tags, transitiveTagKeys }
}
