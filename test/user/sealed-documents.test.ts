import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Store } from '../../src/store/store.js'
import { accessKeyTopic } from '../../src/user/access-key-records.js'
import { documentOf } from '../../src/user/sealed-documents.js'
import { ringOf } from '../support/key-ring.js'
import { keyRecordsOn, replicaOn, userOf } from './house.js'

const now = () => new Date()
const [ann, bob] = [userOf('ann'), userOf('bob')]
let ring: LiveKeyRing
let directory: string
let store: Store
beforeAll(async () => {
  ring = await ringOf()
})
afterAll(() => ring.close())
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rolegate-documents-'))
  store = await createEmbeddedStore({ directory, now })
})
afterEach(async () => {
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

describe('a document of which one item was spoilt in the store', () => {
  const spoilt: readonly (readonly [what: string, item: unknown])[] = [
    ['is nothing', null],
    ['is a number', 5],
    ['is a list', []],
    ['has no id', { sealed: 'x' }],
    ['has a number for an id', { id: 7, sealed: 'x' }],
    ['has lost what was sealed', { id: 'AKIALOST' }],
    ['has a number for what was sealed', { id: 'AKIALOST', sealed: 5 }],
  ]

  async function spoil(item: unknown) {
    const records = keyRecordsOn(store, ring, now)
    const good = { ann: (await records.create(ann))!, bob: (await records.create(bob))! }
    const name = `user.keys:${documentOf(ann.arn)}`
    const before = (await store.records.get(name))!
    const document = JSON.parse(before) as { items: unknown[] }
    document.items.push(item)
    await store.records.replace(name, before, JSON.stringify(document))
    return { records, good }
  }

  it.each(spoilt)('hides no other item and no other user: one that %s', async (_what, item) => {
    const { records, good } = await spoil(item)
    const ids = (await records.all()).flatMap(({ key }) => key?.accessKeyId ?? [])
    expect(ids.toSorted()).toEqual([good.ann.accessKeyId, good.bob.accessKeyId].toSorted())
    expect(await records.setActive(ann.arn, good.ann.accessKeyId, false)).toMatchObject({ active: false })
    await expect(records.reseal()).resolves.toMatchObject({ resealed: 0 })
  })

  it('is shown as one that cannot be opened, and can be deleted, where it has an id still', async () => {
    const { records } = await spoil({ id: 'AKIALOST' })
    const shown = (await records.of(ann.arn)).find(({ accessKeyId }) => accessKeyId === 'AKIALOST')
    expect(shown).toMatchObject({ userArn: ann.arn })
    expect(shown).not.toHaveProperty('key')
    expect(await records.reseal()).toEqual({ resealed: 0, unreadable: 1 })
    expect(await records.delete(ann.arn, 'AKIALOST')).toBe(true)
    expect(await records.of(ann.arn)).toHaveLength(1)
  })

  it('keeps no server from hearing the feed, where revocations are told too', async () => {
    await spoil(null)
    await store.feed.append(accessKeyTopic + documentOf(ann.arn), new Date(now().getTime() + 60_000))
    const replica = await replicaOn(store, ring, { now })
    try {
      await expect(replica.follower.catchUp()).resolves.toBeUndefined()
      expect(replica.follower.heardAt()).toBeInstanceOf(Date)
    } finally {
      await replica.close()
    }
  })
})
