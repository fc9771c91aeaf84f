/**
 * What the replicas of one installation tell each other about their key rings: ids of keys, never keys. Pure: who
 * reads and writes the record, and when, is `ring-agreement.ts`.
 */
import { keepingSeconds, openingSeconds, opensUntil, type KeyRing } from './key-ring.js'

export interface RingRecord {
  readonly installation: string
  /** The key that was made active last. */
  readonly active: string
  /** That one, and keys that were known before any replica issues under them. */
  readonly keys: readonly string[]
  /** Keys that were active before, and until when the others still open what they sealed: ISO 8601, by id. */
  readonly former: Readonly<Record<string, string>>
}

export type Standing =
  | { readonly state: 'agreed' }
  /** Others have gone on to another key; what this ring seals is opened by them until then. */
  | { readonly state: 'behind'; readonly until: Date }
  | { readonly state: 'foreign'; readonly reason: string }

export const adoptHint = 'if this ring is the right one, run `rolegate keys adopt` with it'

/** How a ring stands to the others; the reason is for an operator and holds key ids only. */
export function standingOf(record: RingRecord, ring: KeyRing, now: Date): Standing {
  const { installation, active, keys, older } = ring
  const foreign = (reason: string): Standing => ({ state: 'foreign', reason: `${reason}; ${adoptHint}` })
  if (record.installation !== installation)
    return foreign(
      `this ring belongs to installation \`${installation}\`, the other replicas to \`${record.installation}\`: give all of them one ring`,
    )
  if (!keys.some(({ id }) => id === record.active)) {
    const isOlder = older.some(({ id }) => id === record.active)
    return foreign(
      isOlder
        ? `the other replicas issued under the key \`${record.active}\` last, which this ring retired so long ago that it does not open their credentials: give them this ring`
        : `the other replicas issue under the key \`${record.active}\`, which this ring does not have: give this replica their ring`,
    )
  }
  if (active.id === record.active) return { state: 'agreed' }
  const former = Object.hasOwn(record.former, active.id) ? record.former[active.id] : undefined
  if (former !== undefined) {
    const until = new Date(former)
    return until > now
      ? { state: 'behind', until }
      : foreign(
          `this ring's active key \`${active.id}\` was replaced by \`${record.active}\` so long ago that the other replicas do not open it any more: give this replica their ring`,
        )
  }
  if (record.keys.includes(active.id)) return { state: 'agreed' }
  return foreign(
    `this ring's active key \`${active.id}\` was made active before the other replicas could know it: make \`${record.active}\` active again, give every replica both keys, then rotate`,
  )
}

/** The record after a ring that is not foreign to it has been added; the same object when that changes nothing. */
export function contributed(record: RingRecord | undefined, ring: KeyRing, now: Date): RingRecord {
  if (record === undefined) return recordOf(ring)
  const { installation, active } = ring
  const known = new Set([...record.keys, ...Object.keys(record.former)])
  if (active.id !== record.active && !Object.hasOwn(record.former, active.id)) {
    const until = ring.keys.find(({ id }) => id === record.active)?.end?.opensUntil ?? opensUntil(now)
    const former = { ...record.former, [record.active]: until.toISOString() }
    return { installation, active: active.id, keys: openIds(ring, former), former: inTime(former, now) }
  }
  const added = openIds(ring, record.former).filter((id) => !known.has(id))
  if (added.length === 0) return record
  return { ...record, keys: [...record.keys, ...added], former: inTime(record.former, now) }
}

/** The record that one ring alone makes. */
export function recordOf(ring: KeyRing): RingRecord {
  const { installation, active, keys, older } = ring
  const former = Object.fromEntries(
    [...keys, ...older].flatMap(({ id, end }) =>
      end === undefined ? [] : [[id, end.opensUntil.toISOString()]],
    ),
  )
  return { installation, active: active.id, keys: openIds(ring, former), former }
}

/** @returns undefined for anything else. */
export function parseRingRecord(text: string): RingRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const { installation, active, keys, former } = (value ?? {}) as Readonly<Record<string, unknown>>
  const isText = (part: unknown): part is string => typeof part === 'string'
  const isInstant = (part: unknown): boolean => isText(part) && !Number.isNaN(Date.parse(part))
  return isText(installation) &&
    isText(active) &&
    Array.isArray(keys) &&
    keys.every(isText) &&
    typeof former === 'object' &&
    former !== null &&
    Object.values(former).every(isInstant)
    ? { installation, active, keys, former: former as RingRecord['former'] }
    : undefined
}

/** Keys of the ring that may still be made active. */
function openIds({ keys }: KeyRing, former: RingRecord['former']): readonly string[] {
  return keys.filter(({ id, end }) => end === undefined && !Object.hasOwn(former, id)).map(({ id }) => id)
}

/** Remembered for as long as rings have these keys, so that one from before is told from one that nobody knows. */
function inTime(former: RingRecord['former'], now: Date): RingRecord['former'] {
  const rememberedMs = (keepingSeconds - openingSeconds) * 1000
  return Object.fromEntries(
    Object.entries(former).filter(([, until]) => new Date(until).getTime() + rememberedMs > now.getTime()),
  )
}
