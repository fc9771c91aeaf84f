/** An issuer as one replica has it, over a real store and a real key ring, behind a listening server when asked. */
import { randomUUID } from 'node:crypto'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import type { RingInForce } from '../../src/credentials/key-ring.js'
import { createHotServer } from '../../src/http/hot-server.js'
import { createIssuerRoom } from '../../src/issuer/issuer-room.js'
import { createKeyMaker } from '../../src/issuer/key-making.js'
import { createKeyRecords } from '../../src/issuer/key-records.js'
import { createSigningKeys, type SigningKeysDeps } from '../../src/issuer/signing-keys.js'
import { createTokenIssuer, type WebIdentityTokenSettings } from '../../src/issuer/token-issuer.js'
import type { RecordStore } from '../../src/store/record-store.js'
import type { TestClock } from '../support/clock.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'

export const account = '111122223333'
export const otherAccount = '444455556666'

export type Replica = ReturnType<typeof replicaOf>

export function replicaOf(options: {
  readonly store: RecordStore
  readonly ring: RingInForce
  readonly clock: Pick<TestClock, 'now'>
  readonly ringState?: SigningKeysDeps['ringState']
}) {
  const { store, ring, clock, ringState = () => 'agreed' as const } = options
  const { now } = clock
  const log = keptLog()
  const make = createKeyMaker()
  const records = createKeyRecords(store, createPurposeBox(ring, 'web-identity-keys'))
  const keys = createSigningKeys({ records, make, ringState, now, log })
  const place = { publicUrl: 'https://rolegate.example.test' }
  const settings: { current: WebIdentityTokenSettings } = { current: { enabled: true } }
  const issuer = createTokenIssuer({
    keys,
    publicUrl: () => place.publicUrl,
    settings: () => settings.current,
    isAccount: (id) => id === account || id === otherAccount,
    now,
    randomUuid: randomUUID,
  })
  const room = createIssuerRoom({ issuer, log })
  return {
    keys,
    records,
    make,
    issuer,
    room,
    log,
    settings,
    /** Serves the room on a free loopback port, which becomes the public address. */
    async listen() {
      const server = createHotServer({
        rooms: [room],
        application: (_request, response) => void response.writeHead(404).end(),
        trustedProxies: [],
        log,
        metrics: silentMetrics,
      })
      const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
      place.publicUrl = `http://127.0.0.1:${port}`
      return { url: place.publicUrl, close: () => server.close(100) }
    },
    /** A token of the account, for an hour by default. */
    async token(overrides: Partial<Parameters<typeof issuer.issue>[0]> = {}) {
      const issued = await issuer.issue({
        account,
        subject: `arn:aws:iam::${account}:role/Developer`,
        audience: ['https://service.example.test'],
        algorithm: 'ES384',
        expiresAt: new Date(now().getTime() + 3_600_000),
        awsClaims: { aws_account: account },
        ...overrides,
      })
      if (issued === undefined) throw new Error('the claims are too large')
      return issued
    },
    /** Ids of the published keys, the oldest first. */
    async published(of = account) {
      return (await keys.of(of)).map(({ id }) => id)
    },
  }
}
