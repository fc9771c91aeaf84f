/**
 * A user's access keys in the store, one document per user, changed by compare-and-swap: so two keys at most, however
 * many ask at once. Everything about a key is sealed together with its id and its user, so that nothing can be changed,
 * swapped or copied to another user there. Every change is told through the feed; who uses the keys is
 * `access-keys.ts`, who may change them and writes that down is the caller's business.
 */
import { createHash } from 'node:crypto'
import { newAccessKeyId } from '../credentials/access-key-id.js'
import type { PurposeBox } from '../credentials/purpose-box.js'
import type { Clock, RandomBytes } from '../fault.js'
import type { Feed } from '../store/feed.js'
import type { RecordStore } from '../store/record-store.js'
import type { LongTermKey } from './long-term-key.js'
import type { User } from './user.js'

export interface AccessKeyRecords {
  /**
   * The one time that the secret is shown.
   * @returns undefined, changing nothing, when the user has two keys, active or not.
   */
  create(user: Pick<User, 'arn' | 'id' | 'account'>): Promise<LongTermKey | undefined>
  /** The user's keys, in the order of their making. */
  of(userArn: string): Promise<readonly StoredKey[]>
  /** Of all users, also of those that are configured no more. */
  all(): Promise<readonly StoredKey[]>
  /** @returns the key as it is now; undefined when this user has no such key, or it cannot be opened. */
  setActive(userArn: string, accessKeyId: string, active: boolean): Promise<LongTermKey | undefined>
  /** @returns false when this user has no such key. */
  delete(userArn: string, accessKeyId: string): Promise<boolean>
  /** The keys whose document has this name in the feed. */
  named(document: string): Promise<readonly StoredKey[]>
  /**
   * Seals everything under the ring's active key; needed before a retired key ends, so: at the start, and whenever
   * the ring changes. Several processes may do so at once.
   */
  reseal(): Promise<Resealing>
}

export type StoredKey =
  | {
      readonly readable: true
      readonly accessKeyId: string
      readonly userArn: string
      /** As `named` takes it. */
      readonly document: string
      readonly key: LongTermKey
    }
  /** Sealed under a key that the ring does not have any more, or tampered with. */
  | {
      readonly readable: false
      readonly accessKeyId: string
      readonly userArn: string
      readonly document: string
    }

export interface Resealing {
  /** How many are under the active key only now. */
  readonly resealed: number
  /** How many no key of the ring opens. */
  readonly unreadable: number
}

/** What the purpose box of the keys is made for. */
export const accessKeyPurpose = 'user-access-key'
/** In the feed: the prefix and a document's name. */
export const accessKeyTopic = 'key:'

const keysPerUser = 2
const recordPrefix = 'user.keys:'
/** Longer than any process goes without reading everything anew. */
const toldForMs = 24 * 60 * 60 * 1000
/** Nobody loses as often as this to others who change the same user's keys. */
const mostAttempts = 50

export function createAccessKeyRecords(deps: {
  readonly records: RecordStore
  readonly feed: Feed
  /** Of the purpose `accessKeyPurpose`. */
  readonly box: PurposeBox
  readonly random: RandomBytes
  readonly now: Clock
}): AccessKeyRecords {
  const { records, feed, box, random, now } = deps

  const seal = ({ createdAt, ...key }: LongTermKey): SealedKey => ({
    id: key.accessKeyId,
    sealed: box.seal(JSON.stringify({ ...key, createdAt: createdAt.toISOString() })),
  })

  function open(document: string, userArn: string, { id, sealed }: SealedKey): StoredKey {
    const shared = { accessKeyId: id, userArn, document }
    const text = box.open(sealed)
    if (text === undefined) return { readable: false, ...shared }
    const stored = JSON.parse(text) as Omit<LongTermKey, 'createdAt'> & { readonly createdAt: string }
    if (stored.accessKeyId !== id || stored.userArn !== userArn) return { readable: false, ...shared }
    return { readable: true, ...shared, key: { ...stored, createdAt: new Date(stored.createdAt) } }
  }

  function openAll(document: string, text: string | undefined): readonly StoredKey[] {
    const { user, keys } = parse(text)
    return documentOf(user) === document ? keys.map((sealed) => open(document, user, sealed)) : []
  }

  /** @returns what `edit` made of the keys; undefined, changing nothing, when it made nothing. */
  async function change<Made>(
    userArn: string,
    edit: (
      keys: readonly SealedKey[],
    ) => { readonly keys: readonly SealedKey[]; readonly made: Made } | undefined,
  ): Promise<Made | undefined> {
    const document = documentOf(userArn)
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const before = await records.get(recordPrefix + document)
      const edited = edit(parse(before).keys)
      if (edited === undefined) return undefined
      const after =
        edited.keys.length === 0 ? undefined : JSON.stringify({ user: userArn, keys: edited.keys })
      if (before !== after && !(await records.replace(recordPrefix + document, before, after))) continue
      // Told even when nothing had to be changed: the process that changed it may have ended before it could tell.
      await feed.append(accessKeyTopic + document, new Date(now().getTime() + toldForMs))
      return edited.made
    }
    throw new Error('the keys of this user change all the time, try again')
  }

  return {
    create(user) {
      const key: LongTermKey = {
        accessKeyId: newAccessKeyId(user.account, random, 'AKIA'),
        userArn: user.arn,
        userId: user.id,
        secretAccessKey: random(30).toString('base64'),
        active: true,
        createdAt: now(),
      }
      const sealed = seal(key)
      return change(user.arn, (keys) => {
        // Ours already, when an answer was lost on its way and the write was sent twice.
        if (keys.some(({ id }) => id === key.accessKeyId)) return { keys, made: key }
        return keys.length >= keysPerUser ? undefined : { keys: [...keys, sealed], made: key }
      })
    },

    async of(userArn) {
      const document = documentOf(userArn)
      return openAll(document, await records.get(recordPrefix + document))
    },

    async all() {
      const found = await records.list(recordPrefix)
      return found.flatMap(({ key, value }) => openAll(key.slice(recordPrefix.length), value))
    },

    setActive(userArn, accessKeyId, active) {
      const document = documentOf(userArn)
      return change(userArn, (keys) => {
        const sealed = keys.find(({ id }) => id === accessKeyId)
        const stored = sealed && open(document, userArn, sealed)
        if (stored?.readable !== true) return undefined
        if (stored.key.active === active) return { keys, made: stored.key }
        const changed = { ...stored.key, active }
        const again = seal(changed)
        return { keys: keys.map((one) => (one === sealed ? again : one)), made: changed }
      })
    },

    async delete(userArn, accessKeyId) {
      const gone = await change(userArn, (keys) =>
        keys.some(({ id }) => id === accessKeyId)
          ? { keys: keys.filter(({ id }) => id !== accessKeyId), made: true }
          : undefined,
      )
      return gone === true
    },

    async named(document) {
      return /^[\w:-]{1,64}$/.test(document)
        ? openAll(document, await records.get(recordPrefix + document))
        : []
    },

    async reseal() {
      const done = { resealed: 0, unreadable: 0 }
      for (const { key } of await records.list(recordPrefix)) {
        for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
          const before = await records.get(key)
          if (before === undefined) break
          const { user, keys } = parse(before)
          const renewed = keys.map((one) => ({ ...one, sealed: box.renew(one.sealed) }))
          const better = renewed.filter(
            ({ sealed }, at) => sealed !== undefined && sealed !== keys[at]?.sealed,
          )
          const after = {
            user,
            keys: renewed.map(({ id, sealed }, at) => ({ id, sealed: sealed ?? keys[at]?.sealed ?? '' })),
          }
          if (better.length > 0 && !(await records.replace(key, before, JSON.stringify(after)))) continue
          done.resealed += better.length
          done.unreadable += renewed.filter(({ sealed }) => sealed === undefined).length
          break
        }
      }
      return done
    },
  }
}

interface SealedKey {
  readonly id: string
  /** A LongTermKey as JSON. */
  readonly sealed: string
}

interface UserKeys {
  readonly user: string
  readonly keys: readonly SealedKey[]
}

/** What is no document of ours holds no keys: one that was spoilt must not hide the others. */
function parse(text: string | undefined): UserKeys {
  const none = { user: '', keys: [] }
  if (text === undefined) return none
  try {
    const { user, keys } = JSON.parse(text) as Partial<UserKeys>
    return typeof user === 'string' && Array.isArray(keys) ? { user, keys } : none
  } catch {
    return none
  }
}

/** An ARN has characters that a store key has not. */
function documentOf(userArn: string): string {
  return createHash('sha256').update(userArn).digest('base64url')
}
