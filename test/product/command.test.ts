/** The command as a process against the running product; a real browser approves its logins. */
import { execFile, spawn } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { fromProcess } from '@aws-sdk/credential-providers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chromium, type Browser, type Page } from 'playwright-core'
import { command, startProduct, type Product } from '../support/product.js'

const run = promisify(execFile)
const developer = ['--account', '777788889999', '--role', 'Developer']
let product: Product
let browser: Browser
let home: string
let environment: NodeJS.ProcessEnv

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rolegate-home-'))
  environment = { HOME: home, PATH: process.env['PATH'] }
  product = await startProduct()
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
  })
}, 60_000)
afterAll(async () => {
  await browser?.close()
  await product?.stop()
  await product?.remove()
  await rm(home, { recursive: true, force: true })
})

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function rolegate(...parameters: string[]): Promise<Ended> {
  try {
    const { stdout, stderr } = await run(process.execPath, [command, ...parameters], { env: environment })
    return { code: 0, stdout, stderr }
  } catch (cause) {
    const { code, stdout, stderr } = cause as Ended
    return { code, stdout, stderr }
  }
}

/** Starts a login and waits until its words on standard error hold what is looked for. */
function startLogin(parameters: readonly string[], extra: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [command, 'login', '--server', product.url, ...parameters], {
    env: { ...environment, ...extra },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const ended = new Promise<number | null>((done) => child.once('exit', done))
  return {
    ended,
    async says(pattern: RegExp): Promise<string> {
      for (;;) {
        const found = pattern.exec(words)?.[0]
        if (found !== undefined) return found
        if (child.exitCode !== null) throw new Error(`the login ended: ${words}`)
        await new Promise((done) => setTimeout(done, 50))
      }
    },
  }
}

async function signIn(page: Page, username: string): Promise<void> {
  await page.click('summary:has-text("Local account")')
  const form = page.locator('form[action="/signin/local"]')
  await form.locator('input[name=username]').fill(username)
  await form.locator('input[type=password]').fill(await product.password(username))
  await form.locator('button').click()
}

describe('rolegate', () => {
  it('says what to do before a login', async () => {
    const { code, stderr, stdout } = await rolegate('roles', '--server', product.url)
    expect(code).toBe(3)
    expect(stdout).toBe('')
    expect(stderr).toContain(`run \`rolegate login --server ${product.url}\``)
  })

  it('logs in through the browser on this machine', async () => {
    // The desktop's opener, as far as the command knows: it leaves the address where the test finds it.
    const opener = join(home, 'opener')
    const opened = join(home, 'opened')
    await writeFile(
      opener,
      `#!/bin/sh\nprintf %s "$1" > '${opened}.part' && mv '${opened}.part' '${opened}'\n`,
    )
    await chmod(opener, 0o755)
    const login = startLogin([], { BROWSER: opener })
    await login.says(/Waiting for you in the browser/)
    const page = await browser.newPage()
    await page.goto(await readSoon(opened))
    await signIn(page, 'grace')
    await page.getByRole('button', { name: /approve|allow/i }).click()
    await page.waitForURL(/\/oauth\/callback/)
    expect(await page.textContent('p')).toContain('You are logged in')
    await page.close()
    expect(await login.ended).toBe(0)
  }, 60_000)

  it('keeps what it learned where only its owner may read', async () => {
    const folder = join(home, '.cache', 'rolegate')
    for (const name of await readdir(folder))
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
  })

  it('lists roles and knows who is logged in', async () => {
    expect((await rolegate('roles')).stdout).toMatch(/777788889999 +Development +Developer/)
    expect((await rolegate('whoami')).stdout).toContain('Grace Hopper (grace) by local')
    expect(JSON.parse((await rolegate('roles', '--json')).stdout)).toContainEqual({
      accountId: '777788889999',
      accountName: 'Development',
      roleName: 'Developer',
    })
  })

  it.each([
    ['env', /^export AWS_ACCESS_KEY_ID=ASIA/m],
    ['powershell', /^\$Env:AWS_SESSION_TOKEN="/m],
    ['process', /^\{"Version":1,"AccessKeyId":"ASIA/],
    ['json', /"sessionToken": "/],
    ['fish', /^set -gx AWS_SECRET_ACCESS_KEY "/m],
  ])('gives credentials as %s', async (format, pattern) => {
    const { code, stdout } = await rolegate('credentials', ...developer, '--format', format)
    expect(code).toBe(0)
    expect(stdout).toMatch(pattern)
  })

  it('feeds a stock SDK through credential_process', async () => {
    const config = join(home, 'aws-config')
    // The SDK hands its own environment on, which is not the person's.
    const line = `env HOME=${home} ${process.execPath} ${command} credential-process --account Development --role Developer --duration 1h`
    await writeFile(config, `[profile developer]\ncredential_process = ${line}\n`)
    const sts = new STSClient({
      endpoint: product.url,
      region: 'local-1',
      credentials: fromProcess({ profile: 'developer', configFilepath: config, filepath: config }),
    })
    expect(await sts.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: 'arn:aws:sts::777788889999:assumed-role/Developer/grace',
    })
  })

  it('ends with its own code for each way of failing', async () => {
    expect((await rolegate('credentials', '--account', '777788889999', '--role', 'Nowhere')).code).toBe(4)
    expect((await rolegate('credentials', ...developer, '--format', 'xml')).code).toBe(2)
    expect((await rolegate('credentials', ...developer, '--duration', '2d')).code).toBe(2)
    expect((await rolegate('credentials', ...developer, '--server', 'http://127.0.0.1:1')).code).toBe(3)
    expect((await rolegate('login', '--server', 'http://127.0.0.1:1')).code).toBe(5)
    expect((await rolegate('roles', '--server', 'http://broker.example.com')).code).toBe(2)
    expect((await rolegate('nonsense')).code).toBe(2)
  })

  it('ends a login, and with it what was cached for it', async () => {
    const cached = ['credential-process', '--account', 'demo-development', '--role', 'Developer']
    expect((await rolegate(...cached)).code).toBe(0)
    expect((await rolegate('logout')).code).toBe(0)
    expect((await rolegate('whoami')).code).toBe(3)
    expect(await rolegate(...cached)).toMatchObject({ code: 3, stdout: '' })
    expect(await readdir(join(home, '.cache', 'rolegate'))).toEqual([])
  })

  it('knows its version', async () => {
    expect((await rolegate('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('logs in with a code from another device', async () => {
    const login = startLogin(['--use-device-code', '--no-browser'])
    const code = await login.says(/[A-Z2-9]{4}-[A-Z2-9]{4}/)
    const page = await browser.newPage()
    await page.goto(`${product.url}/device`)
    await signIn(page, 'alan')
    await page.locator('input[name*=code]').first().fill(code)
    await page.keyboard.press('Enter')
    await page.getByRole('checkbox').check()
    expect(await page.textContent('main')).toContain('rolegate command')
    await page.getByRole('button', { name: 'Approve' }).click()
    expect(await login.ended).toBe(0)
    await page.close()
    expect((await rolegate('whoami')).stdout).toContain('Alan Turing')
  }, 60_000)

  it('sets a damaged login aside and says so', async () => {
    const folder = join(home, '.cache', 'rolegate')
    const [name = ''] = (await readdir(folder)).filter((file) => file.startsWith('login-'))
    await writeFile(join(folder, name), '{ half a fi')
    const { code, stderr } = await rolegate('whoami')
    expect(code).toBe(3)
    expect(stderr).toContain('set aside')
    expect(await readFile(join(folder, `${name}.corrupt`), 'utf8')).toBe('{ half a fi')
  })
})

async function readSoon(path: string): Promise<string> {
  for (;;) {
    try {
      return await readFile(path, 'utf8')
    } catch {
      await new Promise((done) => setTimeout(done, 50))
    }
  }
}
