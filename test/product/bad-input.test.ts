/**
 * Bad input to the running product, as a table: every answer is exactly the one of the table, says nothing about the
 * inside, grants nothing, and the next good request is served. Placeholders in `«…»` are filled in here.
 */
import { appendFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { jsonBeside } from '../support/json.js'
import { startProduct, type Product } from '../support/product.js'
import {
  ask,
  auditLines,
  cookiesOf,
  formType,
  signIn,
  sts,
  webIdentityToken,
  type Answer,
} from '../support/product-visitor.js'

interface Case {
  readonly name: string
  readonly method?: string
  readonly path: string
  /** `form` and `json` are the media types with those names; anything else is one. */
  readonly type?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string
  /** A page of our own sends it. */
  readonly fromOurPage?: true
  /** Somebody who is signed in sends it, with the token of the session. */
  readonly signedIn?: true
  /** A sign-in at this source has begun in this browser; `«state»` is its handle. */
  readonly begunAt?: string
  readonly status: number
  /** Of the answer, or where people see a page, of the record. Absent: the answer comes before any of ours. */
  readonly code?: string
  /** Of the record. */
  readonly reason?: string
  /** The name of the event in the record. */
  readonly recordedAs?: string
}

interface RawCase {
  readonly name: string
  readonly lines: readonly string[]
  readonly status: number
}

const { requests, raw } = jsonBeside<{
  readonly requests: readonly Case[]
  readonly raw: readonly RawCase[]
}>(import.meta.url, 'bad-input.json')
const mediaTypes: Readonly<Record<string, string>> = {
  form: 'application/x-www-form-urlencoded',
  json: 'application/json',
}
const roleArn = 'arn:aws:iam::777788889999:role/teams/Developer'

let product: Product
let token: string
let session: { readonly cookie: string; readonly csrf: string }

beforeAll(async () => {
  product = await startProduct({
    // Otherwise the table's wrong passwords would soon all be answered alike.
    configure: ({ config }) => appendFile(join(config, 'rolegate.yaml'), '\nthrottle:\n  attempts: 1000\n'),
  })
  token = await webIdentityToken(product, 'grace')
  const cookie = await signIn(product, 'grace')
  const { text } = await ask(product.url, '/switchrole', { headers: { Cookie: cookie } })
  session = { cookie, csrf: /name="csrf" value="([^"]+)"/.exec(text)?.[1] ?? '' }
}, 60_000)
afterAll(async () => {
  await product?.stop()
  await product?.remove()
})

function filledIn(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/«([^»]*)»/g, (_, inside: string) => {
    const [, kind = '', rest = ''] = /^(\w+)(?::(.*))?$/s.exec(inside) ?? []
    if (kind === 'base64') return encodeURIComponent(Buffer.from(rest).toString('base64'))
    if (kind === 'base64url')
      return Buffer.from(filledIn(rest.replaceAll('@', '«issuer»'), known)).toString('base64url')
    const repeated = /^(\d+) times (.*)$/s.exec(inside)
    if (repeated !== null) return (repeated[2] ?? '').repeat(Number(repeated[1]))
    const value = known[inside]
    if (value === undefined) throw new Error(`nothing is called «${inside}»`)
    return value
  })
}

async function begin(source: string): Promise<{ readonly state: string; readonly cookie: string }> {
  const answer = await ask(product.url, `/signin/${source}`)
  const location = answer.headers.location ?? ''
  const state =
    /name="RelayState" value="([^"]+)"/.exec(answer.text)?.[1] ??
    (location === ''
      ? ''
      : (new URL(location).searchParams.get('state') ?? new URL(location).searchParams.get('RelayState')))
  if (!state) throw new Error(`no sign-in began: ${answer.status}`)
  return { state, cookie: cookiesOf(answer) }
}

async function sent(given: Case): Promise<Answer> {
  const begun = given.begunAt === undefined ? undefined : await begin(given.begunAt)
  const known = {
    issuer: `http://${product.issuerHost}`,
    state: begun?.state ?? '',
    csrf: session.csrf,
    roleArn,
    token,
  }
  const cookie = begun?.cookie ?? (given.signedIn ? session.cookie : undefined)
  const headers = Object.entries(given.headers ?? {}).map(
    ([name, values]) => [name, [values].flat().map((value) => filledIn(value, known))] as const,
  )
  return ask(product.url, filledIn(given.path, known), {
    ...(given.method === undefined ? {} : { method: given.method }),
    ...(given.body === undefined ? {} : { body: Buffer.from(filledIn(given.body, known), 'latin1') }),
    headers: {
      Accept: 'application/json',
      ...(given.type === undefined ? {} : { 'Content-Type': mediaTypes[given.type] ?? given.type }),
      ...(given.fromOurPage || given.signedIn ? { Origin: product.url } : {}),
      ...(cookie === undefined ? {} : { Cookie: cookie }),
      ...Object.fromEntries(headers),
    },
  })
}

/** What is one of the STS envelope, the header of the Identity-Center endpoints, or the pages' JSON. */
function codeIn({ text, headers }: Answer): string | undefined {
  const inBody = /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? /^\{"code":"(\w+)"/.exec(text)?.[1]
  return inBody ?? headers['x-amzn-errortype']?.toString()
}

function expectNothingInside({ text }: Pick<Answer, 'text'>): void {
  expect(text).not.toMatch(
    /\n\s+at |node:internal|node_modules|[\\/](?:src|dist)[\\/]|\.[jt]sx?:\d|\/tmp\/|\/work\//,
  )
  expect(text).not.toContain(product.dataDirectory)
}

async function expectGoodService(): Promise<void> {
  const answer = await sts(product, {
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: roleArn,
    RoleSessionName: 'grace',
    WebIdentityToken: token,
  })
  expect(answer.status).toBe(200)
}

describe('a request that cannot be right', () => {
  it.each(requests)('$status $code: $name', async (given) => {
    const answer = await sent(given)
    expect(answer.status).toBe(given.status)
    const record = (await auditLines(product)).find(({ requestID }) => requestID === answer.requestId)
    expect(codeIn(answer) ?? record?.errorCode).toBe(given.code)
    if (record !== undefined) expect(record.errorCode).toBeTruthy()
    if (given.recordedAs !== undefined) expect(record?.eventName).toBe(given.recordedAs)
    if (given.reason !== undefined) expect(record?.additionalEventData?.['reason']).toBe(given.reason)
    if (given.code !== undefined) expect(answer.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(cookiesOf(answer)).not.toMatch(/rolegate-session=./)
    expectNothingInside(answer)
    await expectGoodService()
  })
})

describe('bytes that are not a request', () => {
  it.each(raw)('$status: $name', async ({ lines, status }) => {
    const known = { host: new URL(product.url).host }
    const text = await new Promise<string>((done, failed) => {
      const socket = connect(Number(new URL(product.url).port), '127.0.0.1')
      let received = ''
      socket.on('data', (part: Buffer) => (received += part.toString()))
      socket.once('error', failed).once('close', () => done(received))
      socket.write(lines.map((line) => filledIn(line, known)).join('\r\n'))
    })
    expect(Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1])).toBe(status)
    // One answer, not one more for what was smuggled behind it.
    expect(text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1)
    expectNothingInside({ text })
    await expectGoodService()
  })
})

describe('afterwards', () => {
  it('the log knows of no failure of ours', () => {
    const lines = product
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
    expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  it('people who ask for pages are told in words, without script or echo', async () => {
    const answer = await ask(product.url, '/signin/%3Cscript%3Ealert(1)%3C%2Fscript%3E', {
      headers: { Accept: 'text/html' },
    })
    expect(answer.status).toBe(404)
    expect(answer.text).toContain('Nothing here')
    expect(answer.text).not.toContain('alert(1)')
    const tooMuch = await ask(product.url, '/signin/local', {
      headers: { ...formType, Accept: 'text/html', Origin: product.url },
      body: `username=${'a'.repeat(40_000)}`,
    })
    expect(tooMuch.status).toBe(413)
    expect(tooMuch.text).toContain('Too large')
  })
})
