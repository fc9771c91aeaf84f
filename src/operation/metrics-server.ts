/** `GET /metrics` on its own listener, so that the numbers are not on the address that everybody reaches. */
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log } from './log.js'
import type { PrometheusMetrics } from './prometheus-metrics.js'

export interface MetricsServer {
  /** The one that was asked for, or the free one that 0 asked for. */
  readonly port: number
  close(): Promise<void>
}

/** Rejects when the address cannot be listened on. */
export async function startMetricsServer(options: {
  readonly host: string
  readonly port: number
  readonly metrics: Pick<PrometheusMetrics, 'contentType' | 'render'>
  readonly log: Log
}): Promise<MetricsServer> {
  const { host, port, metrics, log } = options
  const answer: RequestListener = (request, response) => {
    const refusal = refuse(request)
    if (refusal !== undefined) {
      response.writeHead(...refusal).end()
      return
    }
    metrics.render().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => {
        log.error('metrics.render', { cause: error })
        response.writeHead(500).end()
      },
    )
  }
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, answer)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address() as AddressInfo
  log.info('metrics.listening', { host, port: address.port })
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function refuse({
  url,
  method,
}: IncomingMessage): [status: number, headers: OutgoingHttpHeaders] | undefined {
  if (url?.split('?')[0] !== '/metrics') return [404, {}]
  return method === 'GET' || method === 'HEAD' ? undefined : [405, { allow: 'GET, HEAD' }]
}
