/**
 * What users have, in the store: one document per user, a few sealed items in it, changed by compare-and-swap. An item
 * is sealed together with its id and its user, so that nothing can be changed, swapped or copied to another user there;
 * an older document that somebody puts back is not noticed. What the items are is the business of their owners.
 */
import { createHash } from 'node:crypto'
import type { PurposeBox } from '../credentials/purpose-box.js'
import type { RecordStore } from '../store/record-store.js'

export interface UserItem {
  readonly userArn: string
  /** The document's name within its prefix: characters of a store key. */
  readonly document: string
  readonly id: string
  /** Undefined: sealed under a key that the ring does not have any more, or tampered with. */
  readonly content: string | undefined
}

export interface ItemChange<Made> {
  /** Takes the place of the item with this id, or becomes the last one. */
  readonly put?: { readonly id: string; readonly content: string }
  readonly drop?: string
  readonly made: Made
}

export interface Resealing {
  /** How many are under the active key only now. */
  readonly resealed: number
  /** How many no key of the ring opens. */
  readonly unreadable: number
}

export interface SealedDocuments {
  of(userArn: string): Promise<readonly UserItem[]>
  /** Of all users, in no order that means anything. */
  all(): Promise<readonly UserItem[]>
  named(document: string): Promise<readonly UserItem[]>
  /**
   * @param edit is asked again when somebody else was faster; undefined: nothing is to be done.
   * @returns what `edit` made, durable.
   * @throws {Fault} `StoreUnavailable`, which leaves open whether it took effect.
   */
  change<Made>(
    userArn: string,
    edit: (items: readonly UserItem[]) => ItemChange<Made> | undefined,
  ): Promise<Made | undefined>
  /**
   * Seals everything under the ring's active key, except what is under the next one already. Several processes may do
   * so at once.
   */
  reseal(): Promise<Resealing>
}

/** Nobody loses as often as this to others who change the same user's document. */
const mostAttempts = 100

export function createSealedDocuments(deps: {
  readonly records: RecordStore
  readonly box: PurposeBox
  /** Of the records' keys. */
  readonly prefix: string
}): SealedDocuments {
  const { records, box, prefix } = deps

  const seal = (userArn: string, { id, content }: { readonly id: string; readonly content: string }) => ({
    id,
    sealed: box.seal(JSON.stringify([userArn, id, content])),
  })

  function open(document: string, userArn: string, { id, sealed }: SealedItem): UserItem {
    const text = box.open(sealed)
    const [user, name, content] = text === undefined ? [] : (JSON.parse(text) as readonly string[])
    return { userArn, document, id, content: user === userArn && name === id ? content : undefined }
  }

  function openAll(document: string, text: string | undefined): readonly UserItem[] {
    const { user, items } = parse(text)
    return documentOf(user) === document ? items.map((item) => open(document, user, item)) : []
  }

  async function resealOne(key: string): Promise<Resealing> {
    for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
      const before = await records.get(key)
      const { user, items } = parse(before)
      const renewed = items.map(({ id, sealed }) => ({ id, sealed, again: box.renew(sealed) }))
      const resealed = renewed.filter(({ sealed, again }) => again !== undefined && again !== sealed).length
      const unreadable = renewed.filter(({ again }) => again === undefined).length
      const after = { user, items: renewed.map(({ id, sealed, again = sealed }) => ({ id, sealed: again })) }
      if (resealed === 0 || (await records.replace(key, before, JSON.stringify(after))))
        return { resealed, unreadable }
    }
    throw tooBusy()
  }

  const named = async (document: string) => openAll(document, await records.get(prefix + document))

  return {
    of: (userArn) => named(documentOf(userArn)),

    async all() {
      const found = await records.list(prefix)
      return found.flatMap(({ key, value }) => openAll(key.slice(prefix.length), value))
    },

    named: async (document) => (documentPattern.test(document) ? named(document) : []),

    async change(userArn, edit) {
      const document = documentOf(userArn)
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const before = await records.get(prefix + document)
        const { user, items } = parse(before)
        const own = user === userArn ? items : []
        const edited = edit(own.map((item) => open(document, userArn, item)))
        if (edited === undefined) return undefined
        const { put, drop, made } = edited
        if (put === undefined && drop === undefined) return made
        const sealed = put && seal(userArn, put)
        const kept = own.filter(({ id }) => id !== drop)
        const changed =
          sealed === undefined
            ? kept
            : kept.some(({ id }) => id === sealed.id)
              ? kept.map((item) => (item.id === sealed.id ? sealed : item))
              : [...kept, sealed]
        const after = changed.length === 0 ? undefined : JSON.stringify({ user: userArn, items: changed })
        if (await records.replace(prefix + document, before, after)) return made
      }
      throw tooBusy()
    },

    async reseal() {
      const sum = { resealed: 0, unreadable: 0 }
      for (const { key } of await records.list(prefix)) {
        const { resealed, unreadable } = await resealOne(key)
        sum.resealed += resealed
        sum.unreadable += unreadable
      }
      return sum
    },
  }
}

const documentPattern = /^[\w-]{43}$/

/** An ARN has characters that a store key has not. */
export function documentOf(userArn: string): string {
  return createHash('sha256').update(userArn).digest('base64url')
}

interface SealedItem {
  readonly id: string
  readonly sealed: string
}

interface UserDocument {
  readonly user: string
  readonly items: readonly SealedItem[]
}

/** What is no document of ours holds nothing, and what is no item is none: what was spoilt must not hide the others. */
function parse(text: string | undefined): UserDocument {
  const none = { user: '', items: [] }
  if (text === undefined) return none
  try {
    const { user, items } = (JSON.parse(text) ?? {}) as { readonly user?: unknown; readonly items?: unknown }
    return typeof user === 'string' && Array.isArray(items) ? { user, items: items.flatMap(itemOf) } : none
  } catch {
    return none
  }
}

/** With nothing sealed, where that was lost: it opens nowhere, and can be deleted by its id. */
function itemOf(value: unknown): readonly SealedItem[] {
  const { id, sealed } = (value ?? {}) as Partial<Record<keyof SealedItem, unknown>>
  return typeof id === 'string' ? [{ id, sealed: typeof sealed === 'string' ? sealed : '' }] : []
}

function tooBusy(): Error {
  return new Error('what this user has changes all the time, try again')
}
