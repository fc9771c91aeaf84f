/** The STS of a house on a free loopback port, as stock clients reach it. */
import { STSClient, type STSClientConfig } from '@aws-sdk/client-sts'
import { createHotServer } from '../../src/http/hot-server.js'
import type { WireRoom } from '../../src/http/wire.js'
import { keptLog, silentMetrics } from './silent-log.js'
import { stsHouse, type StsHouse } from './sts-house.js'

export interface StsServer {
  readonly house: StsHouse
  /** `127.0.0.1:<port>` */
  readonly host: string
  client(credentials?: STSClientConfig['credentials'], config?: STSClientConfig): STSClient
  readonly close: () => Promise<void>
}

/** Real time, since stock clients sign with it. */
export async function startSts(rooms: readonly WireRoom[] = []): Promise<StsServer> {
  let host = ''
  const clock = { now: () => new Date(), advance: () => undefined }
  const house = await stsHouse({ publicHosts: () => [host], clock })
  const server = createHotServer({
    rooms: [house.room, ...rooms],
    application: (_request, response) => void response.writeHead(404).end(),
    trustedProxies: [],
    log: keptLog(),
    metrics: silentMetrics,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  host = `127.0.0.1:${port}`
  return {
    house,
    host,
    client: (credentials, config = {}) =>
      new STSClient({
        endpoint: `http://${host}`,
        region: 'eu-central-1',
        maxAttempts: 1,
        ...(credentials === undefined ? {} : { credentials }),
        ...config,
      }),
    close: () => server.close(100),
  }
}

export interface ThrownByClient extends Error {
  readonly $metadata: { readonly httpStatusCode: number; readonly requestId: string }
}

/** What the client threw; a promise that resolves fails the test. */
export function thrownBy(promise: Promise<unknown>): Promise<ThrownByClient> {
  return promise.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => error as ThrownByClient,
  )
}
