import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { expiringStoreSuite } from './suite.js'

let time = Date.parse('2026-01-02T03:04:05Z')
const now = () => new Date(time)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-store-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

expiringStoreSuite('lmdb', async () => {
  const directory = join(folder, 'suite.d')
  const store = await createEmbeddedStore({ directory, now })
  const other = await createEmbeddedStore({ directory, now })
  return {
    store,
    other,
    soon: () => new Date(time + 60_000),
    later: () => new Date(time + 3_600_000),
    elapse: async () => {
      time += 60_000
    },
    stop: async () => {
      await store.close()
      await other.close()
    },
  }
})

describe('the embedded store', () => {
  it('keeps its directory to its owner', async () => {
    const directory = join(folder, 'private')
    const store = await createEmbeddedStore({ directory, now })
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
    await store.close()
  })
})
