/** The running product over its life: changed files, broken disks, sources that go away, ends that are not gentle. */
import { appendFile, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCommand, startProduct, type Product } from '../support/product.js'
import {
  ask,
  auditLines,
  formToken,
  formType,
  keysFor,
  postForm,
  signIn,
  sts,
  webIdentityToken,
  type Answer,
  type Keys,
} from '../support/product-visitor.js'
import { until } from '../support/until.js'

const roleArn = 'arn:aws:iam::777788889999:role/teams/Developer'
const developer = { account: '777788889999', name: 'Developer' }
const session = (cookie: string) => ({ headers: { Cookie: cookie } })

let product: Product
/** Of Grace, who signs in once and stays through everything. */
let grace: string
let metricsUrl: string

beforeAll(async () => {
  product = await startProduct({
    configure: ({ config }) =>
      appendFile(join(config, 'rolegate.yaml'), '\nmetrics:\n  listen: 127.0.0.1:0\n'),
  })
  grace = await signIn(product, 'grace')
  metricsUrl = await metricsAddress()
}, 60_000)
afterAll(async () => {
  await product?.stop('SIGKILL')
  await product?.remove()
})

interface LogLine {
  readonly event: string
  readonly [field: string]: unknown
}

function logged(event: string): readonly LogLine[] {
  return product
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
    .filter((line) => line.event === event)
}

async function metricsAddress(): Promise<string> {
  const { port } = await until(() => logged('metrics.listening').at(-1))
  return `http://127.0.0.1:${Number(port)}`
}

async function metric(name: string): Promise<number> {
  const { text } = await ask(metricsUrl, '/metrics')
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

const callerOf = (credentials: Keys, url = product.url) =>
  new STSClient({ endpoint: url, region: 'local-1', credentials }).send(new GetCallerIdentityCommand({}))

const byToken = async (who = 'grace', arn = roleArn) =>
  sts(product, {
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: arn,
    RoleSessionName: who,
    WebIdentityToken: await webIdentityToken(product, who),
  })

async function directoryProcess(): Promise<number> {
  const folder = join(product.dataDirectory, 'demo', 'directory')
  const pid = Number.parseInt(await readFile(join(folder, 'slapd.pid'), 'utf8'), 10)
  expect(await readlink(`/proc/${pid}/cwd`)).toBe(folder)
  return pid
}

/** True too for a process that has ended and waits to be collected. */
async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX')
  return /^State:\s+[XZ]/m.test(status)
}

describe('what watches it', () => {
  it('is told that it is alive and ready', async () => {
    expect(JSON.parse((await ask(product.url, '/healthz')).text)).toEqual({ status: 'alive' })
    const ready = await ask(product.url, '/readyz')
    expect(ready.status).toBe(200)
    expect(JSON.parse(ready.text)).toEqual({
      status: 'ready',
      checks: { store: 'ok', keys: 'ok', configuration: 'ok', audit: 'ok', revocations: 'ok' },
    })
    expect((await ask(product.url, '/readyz?strict')).text).toBe(ready.text)
  })

  it('reads Prometheus metrics on a listener of their own and nothing else there', async () => {
    const { status, headers, text } = await ask(metricsUrl, '/metrics')
    expect(status).toBe(200)
    expect(headers['content-type']).toContain('text/plain')
    expect(text).toContain('# TYPE rolegate_http_request_seconds histogram')
    expect((await ask(metricsUrl, '/')).status).toBe(404)
    expect((await ask(product.url, '/metrics')).status).toBe(404)
    expect(await metric('rolegate_signins_total{provider="local",outcome="success"}')).toBe(1)
  })
})

describe('the record', () => {
  /** Exactly one line has the request id of the answer. */
  async function recordOf({ requestId }: Answer) {
    const lines = (await auditLines(product)).filter(({ requestID }) => requestID === requestId)
    expect(lines).toHaveLength(1)
    return lines[0]!
  }

  it('has each grant under the request id of its answer', async () => {
    const password = await product.password('grace')
    const login = await postForm(product, '/signin/local', { username: 'grace', password })
    expect(login.status).toBe(303)
    expect(await recordOf(login)).toMatchObject({
      eventName: 'ConsoleLogin',
      userIdentity: { type: 'LocalUser', userName: 'grace' },
    })
    const granted = await byToken()
    expect(granted.status).toBe(200)
    expect(granted.text).toContain(`<RequestId>${granted.requestId}</RequestId>`)
    expect(await recordOf(granted)).toMatchObject({ eventName: 'AssumeRoleWithWebIdentity' })
    const { answer, credentials } = await keysFor(product, grace, developer)
    expect(credentials.accessKeyId).toMatch(/^ASIA/)
    expect(await recordOf(answer)).toMatchObject({ eventName: 'GetRoleCredentials' })
  })

  it('has each denial under the request id of its answer', async () => {
    const login = await postForm(product, '/signin/local', { username: 'grace', password: 'wrong' })
    expect(login.status).toBe(403)
    expect(await recordOf(login)).toMatchObject({ eventName: 'ConsoleLogin', errorCode: 'ProviderRejected' })
    const refused = await byToken('alan')
    expect(refused.status).toBe(403)
    expect(await recordOf(refused)).toMatchObject({
      eventName: 'AssumeRoleWithWebIdentity',
      errorCode: 'AccessDenied',
    })
    const switched = await postForm(
      product,
      '/switchrole',
      { csrf: await formToken(product, grace), account: '111122223333', roleName: 'PlatformAdmin' },
      session(grace),
    )
    expect(switched.status).toBe(403)
    expect(await recordOf(switched)).toMatchObject({ eventName: 'SwitchRole', errorCode: 'AccessDenied' })
    const keys = await postForm(
      product,
      '/roles/777788889999/Nowhere',
      { csrf: await formToken(product, grace), duration: '3600' },
      session(grace),
    )
    expect(keys.status).toBe(403)
    expect(
      (await auditLines(product)).filter(({ requestID }) => requestID === keys.requestId),
    ).toContainEqual(expect.objectContaining({ eventName: 'GetRoleCredentials', errorCode: 'AccessDenied' }))
  })

  it('stops every grant while it cannot be written, and grants go on when it can', async () => {
    const file = join(product.dataDirectory, 'audit.jsonl')
    const token = await webIdentityToken(product, 'grace')
    await rename(file, `${file}.kept`)
    await symlink('/dev/full', file)

    // That the file was moved away is noticed within a tenth of a second; until then records follow it.
    await until(async () => (await byToken()).status === 503)
    const refused = await byToken()
    expect(refused.status).toBe(503)
    expect(refused.text).toContain('<Code>ServiceUnavailable</Code>')
    expect(refused.text).not.toContain('AccessKeyId')
    const login = await postForm(product, '/signin/local', {
      username: 'grace',
      password: await product.password('grace'),
    })
    expect(login.status).toBe(503)
    expect(login.headers['set-cookie']).toBeUndefined()
    const keys = await keysFor(product, grace, developer)
    expect(keys.answer.status).toBe(503)
    expect(keys.answer.text).not.toContain('ASIA')
    expect(logged('audit.unavailable')[0]).toMatchObject({ sink: 'file', cause: { code: 'ENOSPC' } })
    expect(await metric('rolegate_audit_records_total{outcome="failed"}')).toBeGreaterThanOrEqual(3)
    const ready = await ask(product.url, '/readyz')
    expect(ready.status).toBe(503)
    expect(JSON.parse(ready.text)).toMatchObject({
      status: 'unavailable',
      checks: { audit: 'failed', store: 'ok' },
    })
    // Nothing of ours may fall over meanwhile.
    expect((await ask(product.url, '/healthz')).status).toBe(200)
    expect((await ask(product.url, '/accounts', session(grace))).status).toBe(200)

    await rm(file)
    await rename(`${file}.kept`, file)
    expect((await ask(product.url, '/readyz')).status).toBe(200)
    const again = await sts(product, {
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: roleArn,
      RoleSessionName: 'grace',
      WebIdentityToken: token,
    })
    expect(again.status).toBe(200)
    expect(await recordOf(again)).toMatchObject({ eventName: 'AssumeRoleWithWebIdentity' })
    expect(logged('audit.recovered')).toHaveLength(1)
  })
})

describe('a changed configuration', () => {
  const addedRole = `
roles:
  - account: demo-development
    name: AddedLater
    trustPolicy:
      Version: '2012-10-17'
      Statement:
        - Effect: Allow
          Principal: { Federated: 'arn:aws:iam::777788889999:local-provider/local' }
          Action: [sts:AssumeRoleWithLocalIdentity, sts:TagSession, sts:SetSourceIdentity]
`
  const file = () => join(product.configDirectory, 'roles', 'added.yaml')
  const sees = async (name: string) =>
    (await ask(product.url, '/accounts', session(grace))).text.includes(name)
  const reloads = (outcome: 'success' | 'failure') =>
    metric(`rolegate_config_reloads_total{outcome="${outcome}"}`)

  it('is in force without a restart, for people who are signed in', async () => {
    expect(await sees('AddedLater')).toBe(false)
    await writeFile(file(), addedRole)
    await until(() => sees('AddedLater'))
    expect(await until(() => logged('config.reloaded').at(-1))).toMatchObject({
      level: 'info',
      changed: true,
      restartNeeded: [],
    })
    const { credentials } = await keysFor(product, grace, { account: '777788889999', name: 'AddedLater' })
    expect(await callerOf(credentials)).toMatchObject({
      Arn: 'arn:aws:sts::777788889999:assumed-role/AddedLater/grace',
    })
    expect(await reloads('success')).toBe(1)
  })

  it('that is broken changes nothing, and the log and a metric say so', async () => {
    await writeFile(file(), addedRole.replace('trustPolicy', 'trustPolisy').replace('AddedLater', 'Renamed'))
    const refusal = await until(() => logged('config.reloadRefused').at(-1))
    expect(refusal).toMatchObject({
      level: 'error',
      problems: expect.arrayContaining([
        expect.objectContaining({
          file: 'roles/added.yaml',
          line: 5,
          message: expect.stringContaining('did you mean `trustPolicy`'),
        }),
      ]),
    })
    expect(await reloads('failure')).toBe(1)
    expect(await sees('AddedLater')).toBe(true)
    expect(await sees('Renamed')).toBe(false)
    expect((await byToken()).status).toBe(200)
    const ready = await ask(product.url, '/readyz')
    expect(ready.status).toBe(200)
    expect(JSON.parse(ready.text)).toMatchObject({
      checks: { configuration: expect.stringMatching(/^last good, reload refused at 20.*Z$/) },
    })
  })

  it('is read again at SIGHUP, broken or not', async () => {
    product.process.kill('SIGHUP')
    await until(() => logged('config.reloadRefused').length === 2)
    expect(await reloads('failure')).toBe(2)
    await rm(file())
    product.process.kill('SIGHUP')
    await until(async () => !(await sees('AddedLater')))
    expect(await reloads('success')).toBeGreaterThanOrEqual(2)
  })
})

describe('certificates that are replaced', () => {
  const byAssertion = async () => {
    const password = await product.password('grace')
    const answer = await fetch(product.assertionUrl, {
      method: 'POST',
      body: new URLSearchParams({ username: 'grace', password }),
    })
    const SAMLAssertion = await answer.text()
    // The demo's identity provider knows only the certificate that was there at its start.
    expect(Buffer.from(SAMLAssertion, 'base64').toString()).toContain('EncryptedAssertion')
    return sts(product, {
      Action: 'AssumeRoleWithSAML',
      RoleArn: roleArn,
      PrincipalArn: 'arn:aws:iam::777788889999:saml-provider/demo-saml',
      SAMLAssertion,
    })
  }
  const metadata = async () => (await ask(product.url, '/signin/demo-saml/metadata')).text

  it('are in the metadata at once, and what is encrypted for the old ones is opened until those are deleted', async () => {
    expect((await byAssertion()).status).toBe(200)
    const before = await metadata()
    const folder = product.certificatesDirectory
    expect(await runCommand('certs', 'replace', '--certs', folder)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('takes the new SAML keys at once'),
    })
    await until(async () => (await metadata()) !== before)
    expect((await byAssertion()).status).toBe(200)

    for (const name of await readdir(folder)) if (name.includes('.old-')) await rm(join(folder, name))
    const refused = await until(async () => {
      const answer = await byAssertion()
      return answer.status === 200 ? undefined : answer
    })
    expect(refused.text).toContain('<Message>the assertion is not acceptable</Message>')
  })
})

describe('a directory that goes away', () => {
  it('takes only its own sign-ins with it', async () => {
    await signIn(product, 'grace', { source: 'demo-ldap' })
    const pid = await directoryProcess()
    process.kill(pid, 'SIGKILL')
    await until(() => isGone(pid))

    const password = await product.password('grace')
    const page = await postForm(product, '/signin/demo-ldap', { username: 'grace', password })
    expect(page.status).toBe(503)
    expect(page.text).toContain('Demo directory (LDAP) cannot be reached right now')
    expect(page.headers['set-cookie']).toBeUndefined()
    const call = await sts(product, {
      Action: 'AssumeRoleWithLDAPIdentity',
      RoleArn: roleArn,
      LDAPUsername: 'grace',
      LDAPPassword: password,
    })
    expect(call.status).toBe(400)
    expect(call.text).toContain('<Code>IDPCommunicationError</Code>')

    const lines = await auditLines(product)
    expect(lines.find(({ requestID }) => requestID === page.requestId)).toMatchObject({
      errorCode: 'ProviderUnavailable',
      additionalEventData: { provider: 'demo-ldap', reason: 'ldap:connect' },
    })
    expect(lines.find(({ requestID }) => requestID === call.requestId)).toMatchObject({
      errorCode: 'IDPCommunicationError',
      additionalEventData: { reason: 'ldap:connect' },
    })
    expect(logged('portal.sign-in.failed').at(-1)).toMatchObject({
      provider: 'demo-ldap',
      reason: 'ldap:connect',
    })

    await signIn(product, 'grace')
    expect((await byToken()).status).toBe(200)
    expect((await ask(product.url, '/readyz')).status).toBe(200)
  })
})

describe('the end', () => {
  let kept: Keys

  it('by SIGTERM waits for what is under way', async () => {
    kept = (await keysFor(product, grace, developer)).credentials
    const body = new URLSearchParams({
      Version: '2011-06-15',
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: roleArn,
      RoleSessionName: 'grace',
      WebIdentityToken: await webIdentityToken(product, 'grace'),
    }).toString()
    const { hostname, port } = new URL(product.url)
    const underWay = request({
      hostname,
      port,
      path: '/sts',
      method: 'POST',
      agent: false,
      headers: { ...formType, 'Content-Length': body.length, Expect: '100-continue' },
    })
    const answered = new Promise<{ status: number | undefined; connection: string | undefined }>(
      (done, failed) => {
        underWay.once('error', failed).once('response', (response) => {
          response
            .resume()
            .once('end', () => done({ status: response.statusCode, connection: response.headers.connection }))
        })
      },
    )
    // The server has the request when it asks for the body.
    await new Promise((done) => {
      underWay.once('continue', () => done(undefined))
      underWay.flushHeaders()
    })
    const ended = product.stop('SIGTERM')
    await until(() =>
      ask(product.url, '/healthz').then(
        () => false,
        () => true,
      ),
    )
    underWay.end(body)
    expect(await answered).toEqual({ status: 200, connection: 'close' })
    expect(await ended).toBe(0)
  })

  it('leaves nobody behind, and the next start takes everything up again', async () => {
    product = await product.restart()
    const pid = await directoryProcess()
    await signIn(product, 'grace', { source: 'demo-ldap' })
    expect((await ask(product.url, '/accounts', session(grace))).text).toContain('Grace Hopper')
    expect(await callerOf(kept)).toMatchObject({
      Arn: 'arn:aws:sts::777788889999:assumed-role/Developer/grace',
    })
    expect(await product.stop('SIGTERM')).toBe(0)
    expect(await isGone(pid)).toBe(true)
  })

  it('by SIGKILL loses nothing that was answered', async () => {
    product = await product.restart()
    const pid = await directoryProcess()
    const ada = await signIn(product, 'ada')
    const { credentials } = await keysFor(product, ada, developer)
    await product.stop('SIGKILL')
    await until(() => isGone(pid))

    product = await product.restart()
    expect((await ask(product.url, '/accounts', session(ada))).text).toContain('Ada Lovelace')
    expect((await ask(product.url, '/accounts', session(grace))).text).toContain('Grace Hopper')
    for (const [credential, name] of [
      [kept, 'grace'],
      [credentials, 'ada'],
    ] as const) {
      expect(await callerOf(credential)).toMatchObject({
        Arn: `arn:aws:sts::777788889999:assumed-role/Developer/${name}`,
      })
    }
    const names = (await auditLines(product)).map(({ eventName }) => eventName)
    expect(names.filter((name) => name === 'ConsoleLogin').length).toBeGreaterThan(5)
  }, 60_000)
})
