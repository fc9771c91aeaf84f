/**
 * A bounded storm against a listening server: methods, paths, queries, headers, bodies and plain bytes, signed or not.
 * Whatever is sent, the answer is never a 5xx, has the right date, one request id in header and body, and is XML that
 * an XML parser takes; and the next good request is answered. The seed of a failure is in its message.
 */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { XmlDocument } from 'libxml2-wasm'
import { createHotServer, type HotServer } from '../../src/http/hot-server.js'
import { presign, sign } from '../support/aws-signer.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'
import { arnOf, stsHouse, type CallerKind, type StsHouse } from '../support/sts-house.js'

const now = () => new Date()
const log = keptLog()
const agent = new Agent({ keepAlive: true, maxSockets: 8 })
let house: StsHouse
let server: HotServer
let port: number
let host: string

beforeAll(async () => {
  house = await stsHouse({ publicHosts: () => [host], clock: { now, advance: () => undefined } })
  server = createHotServer({
    rooms: [house.room],
    application: (_request, response) => void response.writeHead(404, { 'x-amzn-requestid': 'page' }).end(),
    trustedProxies: [],
    bodyTimeoutMs: 500,
    log,
    metrics: silentMetrics,
  })
  ;({ port } = await server.listen({ host: '127.0.0.1', port: 0 }))
  host = `127.0.0.1:${port}`
})
afterAll(async () => {
  agent.destroy()
  await server.close(100)
})

interface Sent {
  readonly method: string
  readonly target: string
  /** Beside Host and Content-Length. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** Without a length, in chunks. */
  readonly chunked?: boolean
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

function exchange({ method, target, headers, body, chunked }: Sent): Promise<Answer> {
  const lines = ['Host', host, ...headers.flat()]
  if (chunked === true) lines.push('Transfer-Encoding', 'chunked')
  else if (body.length > 0 || method === 'POST') lines.push('Content-Length', String(body.length))
  return new Promise((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', method, path: target, headers: lines, agent })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    request.end(body.length > 0 ? body : undefined)
  })
}

function judge({ status, headers, text }: Answer): void {
  expect(status).toBeGreaterThanOrEqual(200)
  expect(status).toBeLessThan(500)
  expect(Math.abs(Date.parse(headers.date ?? '') - Date.now())).toBeLessThan(10_000)
  const requestId = headers['x-amzn-requestid']
  expect(requestId).toBeTruthy()
  if (text === '' || !/xml/.test(headers['content-type'] ?? '')) return
  const document = XmlDocument.fromString(text)
  try {
    const ids = document.find('//*[local-name()="RequestId"]').map((node) => node.content)
    expect(ids).toEqual([requestId])
  } finally {
    document.dispose()
  }
}

const wild = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => text.replace(/\p{Surrogate}/gu, '?')),
  fc.constantFrom(
    '',
    '%',
    '%zz',
    '%00',
    '+',
    ';',
    '=',
    '&',
    '<!--',
    ']]>',
    '\u0000',
    '\ufffe',
    '__proto__',
    '💥',
  ),
  fc.integer({ min: 1, max: 3000 }).map((length) => '<&\'">'.repeat(length / 5)),
)
const headerText = fc.string({
  unit: fc.constantFrom(...Array.from('aZ09 \t,;=:/"\'%<>\\{}()é')),
  maxLength: 40,
})
const parameterName = fc.oneof(
  fc.constantFrom(
    'RoleArn',
    'RoleSessionName',
    'DurationSeconds',
    'Policy',
    'Tags.member.1.Key',
    'Tags.member.1.Value',
    'Tags.member.99999999999.Key',
    'TransitiveTagKeys.member.1',
    'PolicyArns.member.1.arn',
    'SAMLAssertion',
    'PrincipalArn',
    'WebIdentityToken',
    'ProviderId',
    'LDAPUsername',
    'LDAPPassword',
    'TokenCode',
    'SerialNumber',
    'AccessKeyId',
    'EncodedMessage',
    'Audience.member.1',
    'SigningAlgorithm',
    'TargetPrincipal',
    'TaskPolicyArn.arn',
    'Action',
    'Version',
    'X-Amz-Date',
  ),
  fc.string({ maxLength: 12 }),
)
const action = fc.oneof(
  fc.constantFrom(
    'AssumeRole',
    'AssumeRoleWithSAML',
    'AssumeRoleWithWebIdentity',
    'AssumeRoleWithLDAPIdentity',
    'AssumeRoot',
    'DecodeAuthorizationMessage',
    'GetAccessKeyInfo',
    'GetCallerIdentity',
    'GetDelegatedAccessToken',
    'GetFederationToken',
    'GetSessionToken',
    'GetWebIdentityToken',
  ),
  wild,
)
const parameterValue = fc.oneof(
  wild,
  fc.constantFrom(
    arnOf('Developer'),
    'ada',
    '900',
    'NaN',
    '1e9',
    '-1',
    '900.0',
    'e30.e30.AA',
    'PHNhbWw+',
    '{}',
  ),
)
const form = fc
  .tuple(action, fc.array(fc.tuple(parameterName, parameterValue), { maxLength: 8 }))
  .map(([Action, pairs]) =>
    new URLSearchParams([['Action', Action], ['Version', '2011-06-15'], ...pairs]).toString(),
  )
const body = fc.oneof(
  { weight: 4, arbitrary: form.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: form.map((text) => gzipSync(text)) },
)
const contentType = fc.oneof(
  { weight: 5, arbitrary: fc.constant('application/x-www-form-urlencoded') },
  fc.constantFrom(
    'APPLICATION/X-WWW-FORM-URLENCODED; charset=UTF-8',
    'application/x-www-form-urlencoded;;;',
    'application/json',
    'multipart/form-data',
    'text/xml',
    '',
  ),
  headerText,
)
const credential = 'AKIAIOSFODNN7EXAMPLE/20260102/eu-central-1/sts/aws4_request'
const authorization = fc.oneof(
  headerText,
  headerText.map((text) => `AWS4-HMAC-SHA256 ${text}`),
  headerText.map(
    (text) => `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;${text}, Signature=00`,
  ),
  fc.constantFrom('AWS4-ECDSA-P256-SHA256 Credential=x', 'Bearer x', 'Basic eDp4', '='.repeat(8000)),
)
const header = fc.oneof(
  fc.tuple(fc.constant('Authorization'), authorization),
  fc.tuple(
    fc.constantFrom(
      'X-Amz-Date',
      'Date',
      'X-Amz-Security-Token',
      'X-Amz-Content-Sha256',
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Http-Method-Override',
      'Amz-Sdk-Request',
      'Content-Encoding',
      'User-Agent',
      'Cookie',
      'Accept-Encoding',
      'Range',
    ),
    headerText,
  ),
)
const unsigned = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD'),
  path: fc.constantFrom('/sts', '/sts/', '/'),
  query: fc.oneof(
    fc.constant(''),
    form,
    fc.string({ unit: fc.constantFrom(...Array.from('aX-Amz=&%2F+;_[]\'"<>')), maxLength: 80 }),
    fc.constant(`X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${encodeURIComponent(credential)}`),
  ),
  headers: fc.array(header, { maxLength: 4 }),
  contentType,
  body,
  chunked: fc.boolean(),
})

const printed = <Value>(arbitrary: fc.Arbitrary<Value>, numRuns: number) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  return { seed, samples: fc.sample(arbitrary, { seed, numRuns }) }
}
const withSeed = async (seed: number, what: unknown, check: () => Promise<void>) => {
  try {
    await check()
  } catch (cause) {
    throw new Error(`seed ${seed}: ${JSON.stringify(what).slice(0, 2000)}`, { cause })
  }
}
/** Eight at a time, as several clients would. */
async function inLanes<Value>(values: readonly Value[], run: (value: Value) => Promise<void>): Promise<void> {
  const rest = values[Symbol.iterator]()
  const lane = async () => {
    for (const value of rest) await run(value)
  }
  await Promise.all(Array.from({ length: 8 }, lane))
}

describe('a storm of requests', () => {
  it('without a right signature ends in answers that are nobody else’s fault', async () => {
    const { seed, samples } = printed(unsigned, 2000)
    await inLanes(samples, (sample) =>
      withSeed(seed, sample, async () => {
        const { path, query, headers, contentType: type, ...rest } = sample
        const bodiless = rest.method === 'HEAD' || rest.method === 'GET'
        const target = encodeURI(query === '' ? path : `${path}?${query}`).replaceAll('%25', '%')
        judge(
          await exchange({
            ...rest,
            ...(bodiless ? { body: Buffer.alloc(0), chunked: false } : {}),
            // The answer to a head that is too long has a body, since its method was never read.
            target: rest.method === 'HEAD' ? target.slice(0, 8000) : target,
            headers: [['Content-Type', type], ...headers],
          }),
        )
      }),
    )
  }, 60_000)

  it('with a right signature ends in answers that are nobody else’s fault', async () => {
    const callers: readonly CallerKind[] = ['user', 'role', 'user session', 'federated user', 'root']
    const signed = fc.record({ caller: fc.constantFrom(...callers), form, presigned: fc.boolean() })
    const { seed, samples } = printed(signed, 700)
    await inLanes(samples, (sample) =>
      withSeed(seed, sample, async () => {
        const credentials = house.credentialsOf(sample.caller)
        const query = Object.fromEntries(
          [...new URLSearchParams(sample.form)].filter(([name]) => name !== '__proto__'),
        )
        const request =
          sample.presigned && sample.form.length < 4000
            ? await presign(credentials, { query, host }, now())
            : await sign(credentials, { body: sample.form, host }, now())
        const target = request.rawQuery === '' ? request.rawPath : `${request.rawPath}?${request.rawQuery}`
        const headers = request.headers.filter(([name]) => name !== 'host')
        judge(await exchange({ method: request.method, target, headers, body: request.body }))
      }),
    )
  }, 60_000)

  it('of bytes that are hardly HTTP ends in an answer of ours or none, each with a date', async () => {
    const line = fc.string({
      unit: fc.constantFrom(...Array.from('GETPOS /?:HTTP1.\r\n\t\u0000é=&')),
      maxLength: 60,
    })
    const raw = fc.oneof(
      line,
      fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
      line.map((text) => `POST /sts HTTP/1.1\r\nHost: ${host}\r\n${text}\r\n\r\n`),
      fc.constantFrom(
        `POST /sts HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
        `POST /sts HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        `POST /sts HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n`,
        `POST /sts HTTP/1.1\r\nHost: a\r\nX-Folded: a\r\n b\r\n\r\n`,
        `POST /sts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
        `GET /é HTTP/1.1\r\nHost: a\r\n\r\n`,
        `GET http://elsewhere/ HTTP/1.1\r\nHost: a\r\n\r\n`,
        `GET /sts HTTP/1.1\r\n\r\n`,
        `GET /sts HTTP/0.9\r\n\r\n`,
        `GET /sts?${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
        `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
        `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03`,
      ),
    )
    const { seed, samples } = printed(raw, 300)
    await inLanes(samples, (bytes) =>
      withSeed(seed, bytes, async () => {
        const answer = await new Promise<string>((resolve) => {
          let text = ''
          const socket = connect(port, '127.0.0.1')
          socket.on('error', () => resolve(text)).on('close', () => resolve(text))
          socket.on('data', (part) => (text += part.toString('latin1')))
          socket.end(Buffer.from(bytes, 'latin1'))
        })
        for (const [, status, head] of answer.matchAll(/^HTTP\/1\.1 (\d{3})([\s\S]*?)\r\n\r\n/gm)) {
          expect(Number(status)).toBeLessThan(500)
          const date = /\r\ndate: ([^\r]*)/i.exec(head ?? '')?.[1] ?? ''
          expect(Math.abs(Date.parse(date) - Date.now())).toBeLessThan(10_000)
          expect(head).toMatch(/\r\nx-amzn-requestid: \S/i)
        }
      }),
    )
  }, 60_000)

  it('leaves a server that answers, and that has nothing to report', async () => {
    const request = await sign(
      house.session(),
      { body: 'Action=GetCallerIdentity&Version=2011-06-15', host },
      now(),
    )
    const headers = request.headers.filter(([name]) => name !== 'host')
    const answer = await exchange({ method: 'POST', target: '/', headers, body: request.body })
    expect(answer.status).toBe(200)
    judge(answer)
    expect(log.lines).toEqual([])
  })
})

describe('sizes and encodings', () => {
  it.each(['gzip', 'br', 'x-unknown'])('SIGV4-22: a body in %s is refused unread', async (encoding) => {
    const answer = await exchange({
      method: 'POST',
      target: '/sts',
      headers: [
        ['Content-Type', 'application/x-www-form-urlencoded'],
        ['Content-Encoding', encoding],
      ],
      body: gzipSync(Buffer.alloc(1_000_000)),
    })
    expect(answer.status).toBe(415)
    judge(answer)
  })

  it('SIGV4-21: a body of 12 MB is refused before it has arrived', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(
          `POST /sts HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 12000000\r\n\r\na=`,
        ),
      )
      socket.once('data', (part) => {
        resolve(part.toString('latin1'))
        socket.destroy()
      })
    })
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toMatch(/\r\ndate: /i)
    expect(answer).toMatch(/\r\nx-amzn-requestid: /i)
  })
})
