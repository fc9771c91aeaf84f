/** The issuer as a server opens it: what it knows at start, and what it does when the key ring changes under it. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { openKeyRing, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { openIssuer, rotateIssuerKeys, type OpenIssuer } from '../../src/issuer/open-issuer.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Store } from '../../src/store/store.js'
import { testClock } from '../support/clock.js'
import { freshKey, ringOf } from '../support/key-ring.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'
import { account, otherAccount } from './issuer-house.js'

const clock = testClock()
const recordKey = `web-identity-keys:${account}`
const [old, fresh] = [freshKey(), freshKey()]
let ringText = old
let folder: string
let store: Store
let ring: LiveKeyRing
let issuer: OpenIssuer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-open-issuer-'))
  store = await createEmbeddedStore({ directory: folder, now: clock.now })
  ring = await openKeyRing({
    text: () => ringText,
    installation: 'https://rolegate.example.test',
    random: randomBytes,
    now: clock.now,
    log: keptLog(),
  })
  issuer = await open(ring)
})
afterAll(async () => {
  issuer.close()
  ring.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

function open(of: LiveKeyRing, state: 'agreed' | 'behind' = 'agreed'): Promise<OpenIssuer> {
  return openIssuer({
    records: store.records,
    ring: of,
    ringState: () => state,
    publicUrl: () => 'https://rolegate.example.test',
    settings: () => ({ enabled: true }),
    isAccount: (id) => id === account || id === otherAccount,
    now: clock.now,
    randomUuid: randomUUID,
    log: keptLog(),
  })
}

const idsOf = async (opened: OpenIssuer) => (await opened.tokens.keySet(account)).map(({ kid }) => kid)

it('seals the keys anew when the key ring changes, before the old key of the ring is gone', async () => {
  const ids = await idsOf(issuer)
  const before = await store.records.get(recordKey)
  ringText = `${fresh},${old}`
  await ring.reload()
  await until(async () => (await store.records.get(recordKey)) !== before)
  const later = await ringOf({ keys: [fresh] })
  const afterwards = await open(later)
  expect(await idsOf(afterwards)).toEqual(ids)
  afterwards.close()
  later.close()
})

it('leaves them as they are where the ring is behind that of the others', async () => {
  const before = await store.records.get(recordKey)
  const late = await ringOf({ keys: [old, fresh] })
  const behind = await open(late, 'behind')
  expect(await idsOf(behind)).toEqual(await idsOf(issuer))
  expect(await store.records.get(recordKey)).toBe(before)
  behind.close()
  late.close()
})

it('makes keys for nobody at start', async () => {
  expect((await store.records.list('web-identity-keys:')).map(({ key }) => key)).toEqual([recordKey])
})

it('follows a rotation that was made beside it', async () => {
  const ids = await idsOf(issuer)
  const rotated = await rotateIssuerKeys({ records: store.records, ring, now: clock.now })
  expect(rotated.map(({ account: of }) => of)).toEqual([account])
  clock.advance(60)
  expect(await idsOf(issuer)).toEqual([...ids, ...rotated[0]!.keyIds])
  const stolen = await rotateIssuerKeys(
    { records: store.records, ring, now: clock.now },
    { compromised: true },
  )
  clock.advance(60)
  expect(await idsOf(issuer)).toEqual(stolen[0]!.keyIds)
})
