/**
 * Users' access keys in the store: at most two per user, however many are asked for at once, sealed with all that is
 * said about them. Every change is told through the feed. Who uses the keys is `access-keys.ts`; who may change them,
 * and writing that down, is the caller's business.
 */
import { newAccessKeyId } from '../credentials/access-key-id.js'
import type { PurposeBox } from '../credentials/purpose-box.js'
import type { Clock, RandomBytes } from '../fault.js'
import type { Feed } from '../store/feed.js'
import type { RecordStore } from '../store/record-store.js'
import type { LongTermKey } from './long-term-key.js'
import { createSealedDocuments, documentOf, type Resealing, type UserItem } from './sealed-documents.js'
import type { User } from './user.js'

export interface AccessKeyRecords {
  /**
   * The one time that the secret is shown.
   * @returns undefined, changing nothing, when the user has two keys, active or not.
   */
  create(user: Pick<User, 'arn' | 'id' | 'account'>): Promise<LongTermKey | undefined>
  /** The user's keys, in the order of their making. */
  of(userArn: string): Promise<readonly StoredKey[]>
  /** Of all users, also of those that are not configured any more. */
  all(): Promise<readonly StoredKey[]>
  /** @returns the key as it is now; undefined when this user has no such key, or it cannot be opened. */
  setActive(userArn: string, accessKeyId: string, active: boolean): Promise<LongTermKey | undefined>
  /** @returns false when this user has no such key. */
  delete(userArn: string, accessKeyId: string): Promise<boolean>
  /** The keys of the user whose document has this name in the feed. */
  named(document: string): Promise<readonly StoredKey[]>
  /** Seals everything under the ring's active key. Needed before a retired key ends; `resealing.ts` does it in time. */
  reseal(): Promise<Resealing>
}

export interface StoredKey {
  readonly accessKeyId: string
  readonly userArn: string
  /** As `named` takes it. */
  readonly document: string
  /** Absent: sealed under a key that the ring does not have any more, or tampered with. */
  readonly key?: LongTermKey
}

/** What the purpose box of the keys is made for. */
export const accessKeyPurpose = 'user-access-key'
/** In the feed: the prefix and a document's name. */
export const accessKeyTopic = 'key:'
/** As at AWS. */
export const keysPerUser = 2

/** Longer than any process goes without reading everything anew. */
const toldForMs = 24 * 60 * 60 * 1000

export function createAccessKeyRecords(deps: {
  readonly records: RecordStore
  readonly feed: Feed
  /** Of the purpose `accessKeyPurpose`. */
  readonly box: PurposeBox
  readonly random: RandomBytes
  readonly now: Clock
}): AccessKeyRecords {
  const { feed, random, now } = deps
  const documents = createSealedDocuments({ records: deps.records, box: deps.box, prefix: 'user.keys:' })

  /** Told also when nothing had to be changed: who changed it may have ended before it could tell. */
  async function tell<Made>(userArn: string, made: Made): Promise<Made> {
    if (made !== undefined)
      await feed.append(accessKeyTopic + documentOf(userArn), new Date(now().getTime() + toldForMs))
    return made
  }

  return {
    async create(user) {
      const key: LongTermKey = {
        accessKeyId: newAccessKeyId(user.account, random, 'AKIA'),
        userArn: user.arn,
        userId: user.id,
        secretAccessKey: random(30).toString('base64'),
        active: true,
        createdAt: now(),
      }
      const made = await documents.change(user.arn, (items) => {
        // Ours already, when an answer was lost on its way and the write was sent twice.
        if (items.some(({ id }) => id === key.accessKeyId)) return { made: key }
        return items.length < keysPerUser ? { put: itemOf(key), made: key } : undefined
      })
      return tell(user.arn, made)
    },

    of: async (userArn) => (await documents.of(userArn)).map(storedKey),

    all: async () => (await documents.all()).map(storedKey),

    async setActive(userArn, accessKeyId, active) {
      const made = await documents.change(userArn, (items) => {
        const found = items.map(storedKey).find((stored) => stored.accessKeyId === accessKeyId)
        if (found?.key === undefined) return undefined
        const changed = { ...found.key, active }
        return found.key.active === active ? { made: changed } : { put: itemOf(changed), made: changed }
      })
      return tell(userArn, made)
    },

    async delete(userArn, accessKeyId) {
      const gone = await documents.change(userArn, (items) =>
        items.some(({ id }) => id === accessKeyId) ? { drop: accessKeyId, made: true } : undefined,
      )
      // Told in any case: it may have been deleted by a write whose answer was lost.
      await tell(userArn, gone ?? false)
      return gone === true
    },

    named: async (document) => (await documents.named(document)).map(storedKey),

    reseal: () => documents.reseal(),
  }
}

function itemOf(key: LongTermKey): { readonly id: string; readonly content: string } {
  return { id: key.accessKeyId, content: JSON.stringify(key) }
}

function storedKey({ id, userArn, document, content }: UserItem): StoredKey {
  const stored = { accessKeyId: id, userArn, document }
  if (content === undefined) return stored
  const key = JSON.parse(content) as Omit<LongTermKey, 'createdAt'> & { readonly createdAt: string }
  return { ...stored, key: { ...key, createdAt: new Date(key.createdAt) } }
}
