/** `docs/examples/nginx.conf` as it stands, in a real nginx, before an upstream that knows nothing of signatures. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { presign, sign, type RequestToSign, type SigningCredentials } from '../support/aws-signer.js'
import { hasNginx, startNginx } from '../support/nginx.js'
import { repository } from '../support/product.js'
import { ask, type Answer } from '../support/product-visitor.js'
import { freePort } from '../support/redis.js'
import {
  account,
  startResourceInstallation,
  type ResourceInstallation,
} from '../support/resource-installation.js'
import { until } from '../support/until.js'

const run = promisify(execFile)
const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

let installation: ResourceInstallation
let proxy: { stop(): Promise<void> }
let upstream: Server
let host: string
let reader: SigningCredentials
/** What reached the upstream. */
const seen: Seen[] = []

const part = hasNginx ? describe : describe.skip
const why = hasNginx ? '' : ' (skipped: nginx is not installed)'

beforeAll(async () => {
  if (!hasNginx) return
  upstream = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers })
      const isWhole = sha256(Buffer.concat(chunks)) === request.headers['x-rolegate-content-sha256']
      response.writeHead(isWhole ? 200 : 400).end(isWhole ? 'the report' : 'another body')
    })
  })
  const [port, upstreamPort] = [await freePort(), await freePort()]
  await new Promise<void>((done) => upstream.listen(upstreamPort, '127.0.0.1', done))
  host = `127.0.0.1:${port}`
  installation = await startResourceInstallation([host])
  const example = readFileSync(join(repository, 'docs/examples/nginx.conf'), 'utf8')
  const sites = example
    .replace('127.0.0.1:8080', new URL(installation.product.url).host)
    .replace('127.0.0.1:9000', `127.0.0.1:${upstreamPort}`)
    .replace('127.0.0.1:8000', host)
  proxy = await startNginx(sites, port)
  reader = await installation.reader({ Department: 'Research + Development' })
}, 60_000)
afterAll(async () => {
  await proxy?.stop()
  await installation?.stop()
  await new Promise<void>((done) => (upstream === undefined ? done() : void upstream.close(() => done())))
})

interface Sent extends RequestToSign {
  /** Instead of what was signed. */
  readonly sentBody?: string
  readonly sentPath?: string
  readonly added?: Readonly<Record<string, string>>
}

/** Signed by AWS's signer and sent to nginx. */
async function call(credentials: SigningCredentials, request: Sent = {}, at = new Date()): Promise<Answer> {
  const { sentBody = request.body, sentPath, added } = request
  const signed = await sign(
    credentials,
    { method: 'GET', host, service: 'reports', path: '/2027/may', ...request },
    at,
  )
  const path = signed.rawQuery === '' ? signed.rawPath : `${signed.rawPath}?${signed.rawQuery}`
  const headers = Object.fromEntries(
    signed.headers.filter(([name]) => !['content-length', 'host'].includes(name)),
  )
  return ask(`http://${host}`, sentPath ?? path, {
    method: signed.method,
    headers: { ...headers, ...added },
    ...(sentBody === undefined ? {} : { body: sentBody }),
  })
}

part(`behind nginx${why}`, () => {
  it('the upstream hears who signed, and nginx passes the request on as it came', async () => {
    const answer = await call(reader, { path: '/2027/may%20report', query: { page: '2', q: 'a b' } })
    expect([answer.status, answer.text]).toEqual([200, 'the report'])
    expect(seen.at(-1)).toMatchObject({
      method: 'GET',
      url: '/2027/may%20report?page=2&q=a%20b',
      headers: {
        host,
        'x-rolegate-arn': `arn:aws:sts::${account}:assumed-role/Reader/ada`,
        'x-rolegate-account': account,
        'x-rolegate-source-identity': 'ada',
        'x-rolegate-session-tags': 'Department=Research+%2B+Development',
        'x-rolegate-access-key-id': reader.accessKeyId,
        'x-rolegate-content-sha256': sha256(''),
      },
    })
  })

  it('what a client says of itself in those headers does not reach the upstream', async () => {
    const names = readFileSync(join(repository, 'docs/examples/nginx.conf'), 'utf8').matchAll(
      /X-Rolegate-[\w-]+/g,
    )
    const forged = Object.fromEntries(
      [...new Set([...names].map(([name]) => name))].map((name) => [name, 'forged']),
    )
    expect(Object.keys(forged)).toHaveLength(8)
    const answer = await call(await installation.reader(), { added: { ...forged, X_Rolegate_Arn: 'forged' } })
    expect(answer.status).toBe(200)
    expect(JSON.stringify(seen.at(-1)?.headers)).not.toContain('forged')
    expect(seen.at(-1)?.headers).not.toHaveProperty('x-rolegate-session-tags')
  })

  it('a client cannot have another request judged than the one it makes', async () => {
    const before = seen.length
    for (const added of [
      { 'X-Original-URI': '/2027/may', 'X-Original-Method': 'GET' },
      { 'X-Forwarded-Uri': '/2027/may', 'X-Forwarded-Method': 'GET', 'X-Forwarded-Host': host },
    ]) {
      const answer = await call(reader, { added, sentPath: '/secret/plans' })
      expect([401, 403]).toContain(answer.status)
    }
    const direct = await call(reader, { sentPath: '/rolegate-verify' })
    expect(direct.status).not.toBe(200)
    expect(seen).toHaveLength(before)
  })

  it('who may not is told 403, who did not sign 401 with the reason', async () => {
    const denied = await call(reader, { path: '/secret/plans' })
    expect([denied.status, denied.headers['x-amzn-errortype']]).toEqual([403, 'AccessDenied'])
    const unsigned = await ask(`http://${host}`, '/2027/may')
    expect(unsigned.status).toBe(401)
    expect(unsigned.headers['www-authenticate']).toBe('AWS4-HMAC-SHA256')
    const nobody = await call(installation.user)
    expect([nobody.status, nobody.headers['x-amzn-errortype']]).toEqual([403, 'AccessDenied'])
  })

  it.each([
    '/2027/../secret/plans',
    '/2027/%2e%2e/secret/plans',
    '//secret/plans',
    '/secret%2fplans',
    '/secret;a/plans',
  ])('the detour %s does not lead past a Deny', async (sentPath) => {
    const before = seen.length
    expect((await call(reader, { path: '/secret/plans', sentPath })).status).toBe(403)
    expect((await call(reader, { sentPath })).status).toBe(403)
    expect(seen).toHaveLength(before)
  })

  it('a body is what was signed, or the upstream sees that it is not', async () => {
    const post = { method: 'POST', body: '{"amount":1}', headers: { 'content-length': '12' } }
    expect((await call(reader, post)).text).toBe('the report')
    const swapped = await call(reader, { ...post, sentBody: '{"amount":9}' })
    expect([swapped.status, swapped.text]).toEqual([400, 'another body'])
    const added = await call(reader, { method: 'GET', sentBody: '{"amount":9}' })
    expect(added.status).toBe(401)
  })

  it('an old signature is refused', async () => {
    const old = await call(reader, {}, new Date(Date.now() - 16 * 60_000))
    expect([old.status, old.headers['x-amzn-errortype']]).toEqual([401, 'SignatureDoesNotMatch'])
  })

  it('a presigned address works while it lasts, and for its own request only', async () => {
    const request = { method: 'GET', host, service: 'reports', path: '/2027/may' }
    const { rawPath, rawQuery } = await presign(reader, request, new Date(), 60)
    expect((await ask(`http://${host}`, `${rawPath}?${rawQuery}`)).status).toBe(200)
    expect((await ask(`http://${host}`, `/2027/june?${rawQuery}`)).status).toBe(401)
    const over = await presign(reader, request, new Date(Date.now() - 120_000), 60)
    expect((await ask(`http://${host}`, `${over.rawPath}?${over.rawQuery}`)).status).toBe(401)
  })

  it('curl signs well enough', async () => {
    const { stdout } = await run('curl', [
      ...['--silent', '--aws-sigv4', 'aws:amz:eu-central-1:reports'],
      ...['--user', `${reader.accessKeyId}:${reader.secretAccessKey}`],
      ...['--header', `X-Amz-Security-Token: ${reader.sessionToken}`],
      `http://${host}/2027/may`,
    ])
    expect(stdout).toBe('the report')
  })

  it('a session that was revoked is over', async () => {
    const client = await installation.reader()
    expect((await call(client)).status).toBe(200)
    await installation.command('revoke', 'session', '--local', client.accessKeyId)
    await until(async () => (await call(client)).headers['x-amzn-errortype'] === 'ExpiredToken')
  })

  it('while Rolegate is down nobody gets in, and everybody may try again', async () => {
    await installation.down()
    const answer = await call(reader)
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
    await installation.up()
    expect((await call(reader)).status).toBe(200)
  })
})

const hasBotocore = await run('python3', ['-c', 'import botocore']).then(
  () => true,
  () => false,
)
const needed = hasNginx && hasBotocore
const withBotocore = needed ? it : it.skip
withBotocore(
  `botocore signs well enough, with a body too${needed ? '' : ' (skipped: nginx or botocore is not installed)'}`,
  async () => {
    const script = `
import hashlib, os, sys, urllib.request
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
keys = Credentials(os.environ['KEY'], os.environ['SECRET'], os.environ['TOKEN'])
body = b'{"amount":1}'
request = AWSRequest('POST', sys.argv[1], data=body, headers={'X-Amz-Content-SHA256': hashlib.sha256(body).hexdigest()})
SigV4Auth(keys, 'reports', 'eu-central-1').add_auth(request)
print(urllib.request.urlopen(urllib.request.Request(sys.argv[1], body, dict(request.headers), method='POST')).read().decode())
`
    const { stdout } = await run('python3', ['-c', script, `http://${host}/2027/m%C3%A4rz?b=2&a=1%2F2`], {
      env: {
        ...process.env,
        KEY: reader.accessKeyId,
        SECRET: reader.secretAccessKey,
        TOKEN: reader.sessionToken,
      },
    })
    expect(stdout).toBe('the report\n')
  },
)
