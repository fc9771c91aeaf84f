/**
 * The only way this room reaches the network: whole-exchange deadline, bounded bodies, no redirect to another origin,
 * certificate authorities of the operator's choice. It knows nothing of OpenID Connect.
 */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { rootCertificates } from 'node:tls'

/** The part of `fetch` that openid-client and this room use. */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string | URLSearchParams
  /** Redirects are handed back, never followed. */
  readonly redirect: 'manual'
  readonly signal: AbortSignal
}

const maximumBytes = 262_144
const maximumRedirects = 3

/** A `fetch` over node:http(s), since the global one cannot be given certificate authorities. */
export function createNodeFetch(ca: string | undefined): Fetch {
  const authorities = ca === undefined ? {} : { ca: [...rootCertificates, ca] }
  return (url, init) =>
    new Promise((resolve, reject) => {
      const target = new URL(url)
      const send = target.protocol === 'https:' ? httpsRequest : httpRequest
      const body = init.body === undefined ? undefined : String(init.body)
      const headers = {
        ...init.headers,
        'accept-encoding': 'identity',
        ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      }
      const options = { method: init.method, headers, signal: init.signal, agent: false, ...authorities }
      const outgoing = send(target, options, (incoming) => {
        const chunks: Buffer[] = []
        let size = 0
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > maximumBytes) outgoing.destroy(new Error('response body is too long'))
          else chunks.push(chunk)
        })
        incoming.on('error', reject)
        incoming.on('end', () => {
          const status = incoming.statusCode ?? 500
          const empty = status === 204 || status === 205 || status === 304
          const received = new Headers()
          for (const [name, value] of Object.entries(incoming.headers)) {
            for (const each of [value ?? []].flat()) received.append(name, each)
          }
          resolve(new Response(empty ? null : Buffer.concat(chunks), { status, headers: received }))
        })
      })
      outgoing.on('error', reject)
      outgoing.end(body)
    })
}

/**
 * GETs a JSON document. Rejects with a plain Error when there is no complete 200 answer before the signal fires;
 * the caller decides what that means.
 */
export async function fetchJson(fetch: Fetch, url: string, signal: AbortSignal): Promise<unknown> {
  let location = url
  for (let redirects = 0; redirects <= maximumRedirects; redirects++) {
    const headers = { accept: 'application/json' }
    const response = await fetch(location, { method: 'GET', headers, redirect: 'manual', signal })
    const target = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
    if (target === null) {
      if (response.status !== 200) throw new Error(`status ${response.status} from ${location}`)
      return JSON.parse(await response.text())
    }
    const next = new URL(target, location)
    if (next.origin !== new URL(location).origin) throw new Error(`redirect away from ${location}`)
    location = next.href
  }
  throw new Error(`too many redirects from ${url}`)
}
