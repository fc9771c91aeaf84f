/** Talking to the running product without a client library in between, so that a test decides every byte and header. */
import { request as plainRequest, type IncomingHttpHeaders } from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { Product } from './product.js'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** `x-amzn-RequestId`; empty when there was none. */
  readonly requestId: string
}

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Buffer
  /** PEM of the authority that an `https:` server must be vouched for by. */
  readonly ca?: string
}

export const formType = { 'Content-Type': 'application/x-www-form-urlencoded' }

/** On a connection of its own. A `Host` header of the question's replaces the true one. */
export function ask(origin: string, path: string, question: Question = {}): Promise<Answer> {
  const { protocol, hostname, port, host } = new URL(origin)
  const headers = Object.entries({ Host: host, ...question.headers }).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [name, value]),
  )
  const body = question.body === undefined ? undefined : Buffer.from(question.body)
  if (body !== undefined) headers.push('Content-Length', String(body.length))
  return new Promise((done, failed) => {
    const request = (protocol === 'https:' ? tlsRequest : plainRequest)({
      hostname,
      port,
      path,
      method: question.method ?? (body === undefined ? 'GET' : 'POST'),
      headers,
      agent: false,
      ca: question.ca,
    })
    request.once('error', failed).once('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.once('error', failed).once('end', () =>
        done({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          requestId: String(response.headers['x-amzn-requestid'] ?? ''),
        }),
      )
    })
    request.end(body)
  })
}

/** A form as a page of the portal would send it. */
export function postForm(
  product: Pick<Product, 'url'>,
  path: string,
  fields: Readonly<Record<string, string>>,
  more: Question = {},
): Promise<Answer> {
  return ask(product.url, path, {
    ...more,
    body: new URLSearchParams(fields).toString(),
    headers: { ...formType, Accept: 'text/html', Origin: product.url, ...more.headers },
  })
}

/** `name=value` of the cookies that were set, ready to be sent back. */
export function cookiesOf(answer: Answer): string {
  return (answer.headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]).join('; ')
}

/** @returns the session cookie of somebody who gave a user name and a password. */
export async function signIn(
  product: Product,
  username: string,
  more: Question & { readonly source?: string; readonly password?: string } = {},
): Promise<string> {
  const { source = 'local', password = await product.password(username), ...question } = more
  const answer = await postForm(product, `/signin/${source}`, { username, password }, question)
  if (answer.status !== 303) throw new Error(`the sign-in answered ${answer.status}: ${answer.text}`)
  return cookiesOf(answer)
}

export function sts(
  product: Pick<Product, 'url'>,
  fields: Readonly<Record<string, string>>,
): Promise<Answer> {
  return postForm(product, '/sts', { Version: '2011-06-15', ...fields })
}

/** From the demo's OpenID provider, for STS. */
export async function webIdentityToken(product: Product, username: string): Promise<string> {
  const password = await product.password(username)
  const response = await fetch(product.tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({ username, password, audience: 'rolegate' }),
  })
  return (await response.text()).trim()
}

export interface AuditLine {
  readonly requestID: string
  readonly eventName: string
  readonly errorCode?: string
  readonly additionalEventData?: Readonly<Record<string, unknown>>
  readonly userIdentity: { readonly type: string; readonly userName?: string }
}

export async function auditLines(product: Product): Promise<readonly AuditLine[]> {
  const text = await product.audit()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditLine)
}

/** With the keys that a person takes on the page of a role. */
export async function keysFor(
  product: Pick<Product, 'url'>,
  cookie: string,
  role: { readonly account: string; readonly name: string },
): Promise<{ readonly answer: Answer; readonly credentials: Keys }> {
  const answer = await postForm(
    product,
    `/roles/${role.account}/${role.name}`,
    { csrf: await formToken(product, cookie), duration: '3600' },
    { headers: { Cookie: cookie } },
  )
  const value = (name: string): string =>
    new RegExp(`export ${name}=['"]?([\\w+/=-]+)`).exec(answer.text)?.[1] ?? ''
  return {
    answer,
    credentials: {
      accessKeyId: value('AWS_ACCESS_KEY_ID'),
      secretAccessKey: value('AWS_SECRET_ACCESS_KEY'),
      sessionToken: value('AWS_SESSION_TOKEN'),
    },
  }
}

export interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

/** The token that every form of this session carries. */
export async function formToken(product: Pick<Product, 'url'>, cookie: string): Promise<string> {
  const { text } = await ask(product.url, '/switchrole', { headers: { Cookie: cookie } })
  return /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? ''
}
