/**
 * What came back from a provider, looked at before anybody asks whose it is: whether it can be an answer at all.
 * Reasons are of the provider's own vocabulary. An answer to a sign-in of ours is read by its provider, far more strictly.
 */
import { Fault } from '../fault.js'
import type { ProviderKind } from '../federation/assertion.js'
import { isFormEncoded } from './form-encoding.js'
import type { Visit } from './visit.js'

type Arrival = Pick<Visit, 'method' | 'rawQuery' | 'rawBody' | 'query' | 'form'>

/**
 * The state or RelayState that names the sign-in; every departure of ours carried one.
 * @throws {Fault} `InvalidRequest` when there is none, a parameter comes twice, or the encoding is broken.
 */
export function journeyOf(kind: ProviderKind, arrival: Arrival): string {
  if (!isFormEncoded(arrival.rawQuery) || !isFormEncoded(arrival.rawBody)) throw unreadable(kind, 'parameter')
  const parameters = parametersOf(arrival)
  const names = [...parameters.keys()]
  if (new Set(names).size !== names.length) throw unreadable(kind, 'parameter')
  const id = parameters.get('state') || parameters.get('RelayState')
  if (!id) throw unreadable(kind, 'parameter')
  return id
}

/**
 * For an answer whose sign-in is not known here: what has the shape of one is a stranger's, the rest is malformed.
 * @throws {Fault} `InvalidRequest` when no sign-in could have been answered with this.
 */
export function requireShape(kind: ProviderKind, arrival: Arrival): void {
  const parameters = parametersOf(arrival)
  if (kind === 'saml') {
    if (arrival.method !== 'POST') throw unreadable(kind, 'binding')
    requireMarkup(kind, (parameters.get('SAMLResponse') ?? '').replace(/[\r\n\t ]+/g, ''))
    return
  }
  const [code, error] = [parameters.get('code'), parameters.get('error')]
  if (arrival.method !== 'GET' || !code === !error) throw unreadable(kind, 'parameter')
}

function requireMarkup(kind: ProviderKind, base64: string): void {
  if (base64 === '' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
    throw unreadable(kind, 'parameter')
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'))
  } catch {
    throw unreadable(kind, 'encoding')
  }
  if (!text.trimStart().startsWith('<') || !text.trimEnd().endsWith('>')) {
    throw unreadable(kind, 'not-wellformed')
  }
}

function parametersOf({ method, query, form }: Arrival): URLSearchParams {
  return method === 'POST' ? form : query
}

function unreadable(kind: ProviderKind, what: string): Fault {
  const reason = `${kind}:${what}`
  return new Fault('InvalidRequest', 'the answer of the identity provider could not be read', { reason })
}
