/** One product of two workers on one address: what they share, what they count together, and how they come and go. */
import { appendFile, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
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
  type Keys,
} from '../support/product-visitor.js'
import { until } from '../support/until.js'

const developer = { account: '777788889999', name: 'Developer' }
const roleArn = 'arn:aws:iam::777788889999:role/teams/Developer'
const session = (cookie: string) => ({ headers: { Cookie: cookie } })
const nobody = 65_534

let product: Product
let metricsUrl: string
beforeAll(async () => {
  product = await startProduct({
    ...(process.getuid?.() === 0 ? { user: nobody } : {}),
    async configure({ config }) {
      const file = join(config, 'rolegate.yaml')
      const text = await readFile(file, 'utf8')
      await writeFile(file, text.replace(/^server:$/m, 'server:\n  workers: 2'))
      await appendFile(file, '\nmetrics:\n  listen: 127.0.0.1:0\n')
    },
  })
  const { port } = await until(() => logged('metrics.listening').at(-1))
  metricsUrl = `http://127.0.0.1:${Number(port)}`
}, 60_000)
afterAll(async () => {
  await product?.stop('SIGKILL')
  await product?.remove()
})

interface LogLine {
  readonly event: string
  readonly pid: number
  readonly [field: string]: unknown
}

function logged(event: string, text = product.output()): readonly LogLine[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as LogLine)
    .filter((line) => line.event === event)
}

async function metric(name: string): Promise<number> {
  const { text } = await ask(metricsUrl, '/metrics')
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1))
}

/** Process ids of the workers that are there now. */
async function workers(): Promise<readonly number[]> {
  const { pid } = product.process
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const named = children
    .split(' ')
    .filter(Boolean)
    .map(async (child) => {
      const line = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')
      return line.includes('worker-process') ? [Number(child)] : []
    })
  return (await Promise.all(named)).flat()
}

async function isGone(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => 'State:\tX')
  return /^State:\s+[XZ]/m.test(status)
}

async function openSockets(pid: number): Promise<number> {
  const names = await readdir(`/proc/${pid}/fd`)
  const targets = names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => ''))
  return (await Promise.all(targets)).filter((target) => target.startsWith('socket:')).length
}

/** Always on connections of its own. */
async function callerOf(credentials: Keys): Promise<string | undefined> {
  const client = new STSClient({ endpoint: product.url, region: 'local-1', credentials, maxAttempts: 1 })
  try {
    return (await client.send(new GetCallerIdentityCommand({}))).Arn
  } finally {
    client.destroy()
  }
}

const times = <Value>(count: number, work: () => Promise<Value>): Promise<Value[]> =>
  Promise.all(Array.from({ length: count }, work))

async function credentialsOf(username: string): Promise<Keys> {
  return (await keysFor(product, await signIn(product, username), developer)).credentials
}

describe('two workers', () => {
  it('are ready together, and the start prints one banner', async () => {
    expect(product.output().match(/Ctrl-C stops everything/g)).toHaveLength(1)
    const listening = logged('workers.listening').map(({ worker }) => worker)
    expect(new Set(listening)).toEqual(new Set(await workers()))
    expect(listening).toHaveLength(2)
    expect((await ask(product.url, '/readyz')).status).toBe(200)
  })

  it('run as the user that started them', async () => {
    const owners = (await workers()).map(async (pid) =>
      Number(/^Uid:\t(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]),
    )
    expect(await Promise.all(owners)).toEqual(
      Array.from({ length: 2 }, () => (process.getuid?.() === 0 ? nobody : process.getuid?.())),
    )
  })

  it('both get connections', async () => {
    const agent = new Agent({ keepAlive: true })
    const pids = await workers()
    const before = await Promise.all(pids.map(openSockets))
    await times(8, () => keptAnswer(agent))
    const after = await Promise.all(pids.map(openSockets))
    const taken = after.map((count, n) => count - (before[n] ?? 0))
    expect(taken.reduce((sum, count) => sum + count)).toBe(8)
    expect(Math.min(...taken)).toBeGreaterThan(0)
    agent.destroy()
  })

  it('know each other’s sign-ins, credentials and sign-outs', async () => {
    const cookie = await signIn(product, 'grace')
    const pages = await times(6, () => ask(product.url, '/accounts', session(cookie)))
    expect(pages.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200))
    const { credentials } = await keysFor(product, cookie, developer)
    expect(new Set(await times(6, () => callerOf(credentials)))).toEqual(
      new Set(['arn:aws:sts::777788889999:assumed-role/Developer/grace']),
    )
    await postForm(product, '/signout', { csrf: await formToken(product, cookie) }, session(cookie))
    const left = await times(6, () => ask(product.url, '/accounts', session(cookie)))
    expect(left.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 303))
  })

  it('use up together what may be used once', async () => {
    const before = await metric('rolegate_sts_requests_total{action="AssumeRoleWithSAML",code="ok"}')
    const given = await fetch(product.assertionUrl, {
      method: 'POST',
      body: new URLSearchParams({ username: 'grace', password: await product.password('grace') }),
    })
    const SAMLAssertion = await given.text()
    const answers = await times(6, () =>
      sts(product, {
        Action: 'AssumeRoleWithSAML',
        RoleArn: roleArn,
        PrincipalArn: 'arn:aws:iam::777788889999:saml-provider/demo-saml',
        SAMLAssertion,
      }),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(5)
    expect(before).toBeNaN()
    expect(await metric('rolegate_sts_requests_total{action="AssumeRoleWithSAML",code="ok"}')).toBe(1)
  })

  it('are counted together', async () => {
    const name = 'rolegate_sts_requests_total{action="GetCallerIdentity",code="ok"}'
    const before = await metric(name)
    const credentials = await credentialsOf('grace')
    await times(10, () => callerOf(credentials))
    expect(await metric(name)).toBe(before + 10)
    expect(await metric('rolegate_workers')).toBe(2)
    // Of ages and conditions the worst one counts, not their sum.
    expect(await metric('rolegate_revocation_feed_age_seconds')).toBeLessThan(5)
    expect(await metric('process_start_time_seconds')).toBeGreaterThan(1e9)
  })

  it('all read the configuration again at SIGHUP', async () => {
    product.process.kill('SIGHUP')
    const pids = await workers()
    await until(() => new Set(logged('config.reloaded').map(({ pid }) => pid)).size === 2)
    expect(new Set(logged('config.reloaded').map(({ pid }) => pid))).toEqual(new Set(pids))
  })

  it('write one record, line by line', async () => {
    const lines = await auditLines(product)
    expect(lines.filter(({ eventName }) => eventName === 'GetCallerIdentity').length).toBeGreaterThan(15)
    expect(new Set(lines.map(({ requestID }) => requestID)).size).toBe(lines.length)
  })

  it('are not started where the address is taken, which is said once', async () => {
    const ended = await runCommand(
      ...['serve', '--config', product.configDirectory, '--data', product.dataDirectory],
      ...['--certs', product.certificatesDirectory, '--listen', new URL(product.url).host],
    )
    expect(ended.code).toBe(1)
    expect(ended.stderr.match(/another program uses 127\.0\.0\.1:\d+: stop it/g)).toHaveLength(1)
    expect(logged('server.stopped', ended.stderr)).toHaveLength(1)
    expect(ended.stdout).toBe('')
  })
})

describe('a worker that is killed', () => {
  it('takes only its own connections with it, gives no wrong answer, and is replaced', async () => {
    const name = 'rolegate_sts_requests_total{action="GetCallerIdentity",code="ok"}'
    const credentials = await credentialsOf('grace')
    const [victim = 0] = await workers()
    const answers: (string | undefined)[] = []
    let cut = 0
    const load = { over: false }
    const visitor = async (): Promise<void> => {
      while (!load.over) {
        try {
          answers.push(await callerOf(credentials))
        } catch (cause) {
          expect(String(cause)).toMatch(/ECONNRESET|EPIPE|socket hang up/)
          cut += 1
        }
      }
    }
    const visitors = times(6, visitor)
    await until(() => answers.length > 20)
    const before = await metric(name)
    process.kill(victim, 'SIGKILL')
    await until(async () => (await metric('rolegate_workers')) === 1)
    const alone = answers.length
    await until(() => answers.length > alone + 20)
    expect(await metric(name)).toBeGreaterThan(before)
    await until(async () => (await metric('rolegate_workers')) === 2)
    const together = answers.length
    await until(() => answers.length > together + 20)
    load.over = true
    // Nobody is left waiting: not even the one whose connection was being handed over.
    await visitors
    expect(new Set(answers)).toEqual(new Set(['arn:aws:sts::777788889999:assumed-role/Developer/grace']))
    expect(cut).toBeLessThanOrEqual(7)
    expect(await metric('rolegate_worker_ends_total')).toBe(1)
    expect(logged('workers.ended')).toEqual([
      expect.objectContaining({ worker: victim, exitCode: null, signal: 'SIGKILL', againInMs: 1000 }),
    ])
    expect(await workers()).not.toContain(victim)
  }, 20_000)
})

describe('the end', () => {
  it('by SIGTERM waits for what is under way, also when every process is told', async () => {
    const pids = await workers()
    const body = new URLSearchParams({
      Version: '2011-06-15',
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: roleArn,
      RoleSessionName: 'grace',
      WebIdentityToken: await webIdentityToken(product, 'grace'),
    }).toString()
    const underWay = await times(4, () => startPost(body))
    const ended = product.stop('SIGTERM')
    for (const pid of pids) process.kill(pid, 'SIGTERM')
    // Who asks while it ends may be refused, or wait for an end: neither may hold up those under way.
    await until(() =>
      Promise.race([
        ask(product.url, '/healthz').then(
          () => false,
          () => true,
        ),
        new Promise<boolean>((resolve) => setTimeout(resolve, 500, false)),
      ]),
    )
    const statuses = await Promise.all(underWay.map((finish) => finish()))
    expect(statuses).toEqual([200, 200, 200, 200])
    expect(await ended).toBe(0)
    expect(await Promise.all(pids.map(isGone))).toEqual([true, true])
    expect(logged('workers.ended')).toHaveLength(1)
  })

  it('of the first process by SIGKILL is the end of its workers', async () => {
    product = await product.beside()
    const pids = await workers()
    expect(pids).toHaveLength(2)
    await product.stop('SIGKILL')
    await until(async () => (await Promise.all(pids.map(isGone))).every(Boolean))
    await expect(ask(product.url, '/healthz')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

function keptAnswer(agent: Agent): Promise<void> {
  return new Promise((done, failed) => {
    request(`${product.url}/healthz`, { agent })
      .once('error', failed)
      .once('response', (response) => response.resume().once('end', done))
      .end()
  })
}

/** Resolves when a worker has the head of the request, with what sends the body and waits for the status. */
async function startPost(body: string): Promise<() => Promise<number | undefined>> {
  const underWay = request(`${product.url}/sts`, {
    method: 'POST',
    agent: false,
    headers: { ...formType, 'Content-Length': body.length, Expect: '100-continue' },
  })
  const status = new Promise<number | undefined>((done, failed) => {
    underWay.once('error', failed).once('response', (response) => {
      response.resume().once('end', () => done(response.statusCode))
    })
  })
  await new Promise((done) => {
    underWay.once('continue', () => done(undefined))
    underWay.flushHeaders()
  })
  return () => {
    underWay.end(body)
    return status
  }
}
