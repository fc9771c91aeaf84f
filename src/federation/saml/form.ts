/**
 * The form that a browser posts to our assertion consumer service (SAML Bindings 3.5.4), read strictly: no field twice,
 * no other SAML message beside the response.
 */
import { refuse } from './refusal.js'

export interface PostedResponse {
  readonly samlResponse: string
  readonly relayState: string | undefined
}

/** @throws {SamlRefusal} `saml:parameter` or `saml:binding`. */
export function parseResponseForm(rawBody: string): PostedResponse {
  const fields = new Map<string, string>()
  for (const part of rawBody.split('&')) {
    if (part === '') continue
    const [name, value] = pairOf(part)
    if (fields.has(name)) refuse('saml:parameter', `field \`${name.slice(0, 64)}\` twice`)
    fields.set(name, value)
  }
  for (const name of ['SAMLRequest', 'SAMLart', 'Signature', 'SigAlg', 'SAMLEncoding']) {
    if (fields.has(name)) refuse('saml:binding', `a message with \`${name}\``)
  }
  const samlResponse = fields.get('SAMLResponse')
  if (samlResponse === undefined || samlResponse === '') return refuse('saml:parameter', 'no SAMLResponse')
  return { samlResponse, relayState: fields.get('RelayState') }
}

function pairOf(part: string): readonly [string, string] {
  const equals = part.indexOf('=')
  const name = equals === -1 ? part : part.slice(0, equals)
  const value = equals === -1 ? '' : part.slice(equals + 1)
  return [decode(name), decode(value)]
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return refuse('saml:parameter', 'the form is not url-encoded')
  }
}
