import { randomBytes } from 'node:crypto'
import { beforeEach, describe, expect, it } from '@jest/globals'
import type { SessionCredentials } from '../../src/credentials/credentials.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import { rememberSessions } from '../../src/authentication/known-sessions.js'
import { openKeyRing } from '../../src/credentials/key-ring-live.js'
import { freshKey, ringOf } from '../support/key-ring.js'
import { keptLog } from '../support/silent-log.js'
import { typicalSession } from '../support/session-arbitrary.js'

let credentials: SessionCredentials
let opened: string[]
beforeEach(async () => {
  const real = createSessionCredentials(await ringOf(), { random: randomBytes })
  opened = []
  credentials = {
    issue: (session) => real.issue(session),
    open: (accessKeyId, token) => {
      opened.push(accessKeyId)
      return real.open(accessKeyId, token)
    },
  }
})

describe('a token that was opened before', () => {
  it('is not opened again, and still belongs to its access key id only', () => {
    const sessions = rememberSessions(credentials)
    const [one, other] = [credentials.issue(typicalSession), credentials.issue(typicalSession)]
    const first = sessions.open(one.accessKeyId, one.sessionToken)
    expect(sessions.open(one.accessKeyId, one.sessionToken)).toBe(first)
    expect(opened).toEqual([one.accessKeyId])
    expect(sessions.open(other.accessKeyId, one.sessionToken)).toBeUndefined()
    // A look into the memory alone would answer faster, and tell that the token is one.
    expect(opened).toEqual([one.accessKeyId, other.accessKeyId])
    expect(sessions.open(one.accessKeyId, one.sessionToken)).toBe(first)
  })

  it('gives way when it was used longest ago', () => {
    const sessions = rememberSessions(credentials, 2)
    const [a, b, c] = [1, 2, 3].map(() => credentials.issue(typicalSession))
    const open = (issued: typeof a) => sessions.open(issued?.accessKeyId ?? '', issued?.sessionToken ?? '')
    ;[a, b, a, c, a, b].forEach(open)
    expect(opened).toEqual([a, b, c, b].map((issued) => issued?.accessKeyId))
  })

  it('is opened anew once the key ring has changed, and no longer opens when its key is gone', async () => {
    const keys = [freshKey()]
    const ring = await openKeyRing({
      text: () => keys.join(','),
      installation: 'https://rolegate.example.test',
      random: randomBytes,
      now: () => new Date('2026-01-02T03:04:05Z'),
      log: keptLog(),
    })
    const real = createSessionCredentials(ring, { random: randomBytes })
    const sessions = rememberSessions(real)
    const { accessKeyId, sessionToken } = real.issue(typicalSession)
    expect(sessions.open(accessKeyId, sessionToken)).toBeDefined()
    keys.unshift(freshKey())
    await ring.reload()
    expect(sessions.open(accessKeyId, sessionToken)).toBeDefined()
    keys.pop()
    await ring.reload()
    expect(sessions.open(accessKeyId, sessionToken)).toBeUndefined()
    ring.close()
  })

  it('is not remembered when it did not open', () => {
    const sessions = rememberSessions(credentials, 1)
    const good = credentials.issue(typicalSession)
    sessions.open(good.accessKeyId, good.sessionToken)
    for (let count = 0; count < 3; count += 1) sessions.open(good.accessKeyId, `AAA${count}`)
    sessions.open(good.accessKeyId, good.sessionToken)
    expect(opened).toHaveLength(4)
  })

  it('signs with a key per day, region and service', () => {
    const sessions = rememberSessions(credentials)
    const { accessKeyId, sessionToken } = credentials.issue(typicalSession)
    const known = sessions.open(accessKeyId, sessionToken)
    const scope = { date: '20260102', region: 'eu-central-1', service: 'sts', terminator: 'aws4_request' }
    const key = (change: Partial<typeof scope>) =>
      known
        ?.signingKey({ ...scope, ...change })
        .export()
        .toString('hex')
    const keys = [key({}), key({ date: '20260103' }), key({ region: 'us-east-1' }), key({ service: 'iam' })]
    expect(new Set(keys).size).toBe(4)
    expect(key({})).toBe(keys[0])
  })
})
