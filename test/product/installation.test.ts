/** What somebody meets who installs it: commands that check, starts that refuse, a demo of one's own, TLS, an ordinary user. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { repository, runCommand, startProduct, type Product } from '../support/product.js'
import { ask, cookiesOf, postForm, signIn } from '../support/product-visitor.js'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const nobody = 65_534
let folder: string
let products: readonly Product[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-installation-'))
})
afterAll(async () => {
  await Promise.all(products.map((product) => product.stop('SIGKILL').then(() => product.remove())))
  await rm(folder, { recursive: true, force: true })
})

describe('rolegate check', () => {
  const check = (config: string) => runCommand('check', '--config', config, '--data', join(folder, 'data'))

  it('says nothing about the committed configuration', async () => {
    expect(await check(join(repository, 'config'))).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('says where each problem is, and nothing else', async () => {
    const config = join(folder, 'broken')
    await cp(join(repository, 'config'), config, { recursive: true })
    const server = await readFile(join(config, 'rolegate.yaml'), 'utf8')
    await writeFile(
      join(config, 'rolegate.yaml'),
      server.replace('maxSessionDuration: 36h', 'maxSessionDuration: 37h'),
    )
    await writeFile(join(config, 'roles', 'more.yaml'), 'roles:\n  - account: nowhere\n    nmae: Reader\n')
    const { code, stdout, stderr } = await check(config)
    expect(code).toBe(1)
    expect(stderr).toBe('')
    const line = 1 + server.split('\n').findIndex((text) => text.includes('maxSessionDuration'))
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toEqual(
      expect.arrayContaining([
        expect.stringMatching(new RegExp(`broken/rolegate\\.yaml:${line}: sts\\.maxSessionDuration: `)),
        expect.stringMatching(/broken\/roles\/more\.yaml:3: roles\[0\]\.nmae: .*did you mean `name`\?$/),
      ]),
    )
    for (const each of lines) expect(each).toMatch(/broken\/[\w./-]+\.(?:yaml|json):\d+: /)
  })

  it('says in which line a file stops being JSON', async () => {
    const config = join(folder, 'json')
    await cp(join(repository, 'config'), config, { recursive: true })
    await writeFile(join(config, 'roles', 'half.json'), '{\n  "roles": [\n    {\n')
    await writeFile(join(config, 'roles', 'word.json'), '{\n  "roles":\n    nothing\n}\n')
    const { code, stdout } = await check(config)
    expect(code).toBe(1)
    expect(stdout).toMatch(/json\/roles\/half\.json:3: is not valid JSON/)
    expect(stdout).toMatch(/json\/roles\/word\.json:3: is not valid JSON/)
  })
})

describe('rolegate serve', () => {
  const serve = (config: string, ...more: readonly string[]) =>
    runCommand(
      'serve',
      '--config',
      config,
      '--data',
      join(folder, 'data'),
      '--certs',
      join(folder, 'certs'),
      ...more,
    )

  it('refuses a field that it does not know, with the name that was meant', async () => {
    const config = join(folder, 'misspelt')
    await cp(join(repository, 'config'), config, { recursive: true })
    await writeFile(join(config, 'rolegate.yaml'), 'server:\n  listen: 127.0.0.1:1\n  shutdwnTimeout: 1s\n')
    const { code, stderr } = await serve(config)
    expect(code).toBe(78)
    expect(stderr).toMatch(/rolegate\.yaml:3: server\.shutdwnTimeout: .*did you mean `shutdownTimeout`\?/)
    expect(existsSync(join(folder, 'certs'))).toBe(false)
  })

  it('refuses a secret that is written down, without repeating it', async () => {
    const config = join(folder, 'secret')
    await cp(join(repository, 'config'), config, { recursive: true })
    await appendFile(join(config, 'rolegate.yaml'), '\nkeyRing: hunter2hunter2\n')
    const { code, stderr } = await serve(config)
    expect(code).toBe(78)
    expect(stderr).toContain('keyRing')
    expect(stderr).toContain('${env:')
    expect(stderr).not.toContain('hunter2')
  })

  it('TOK-16: refuses a key that nobody should trust', async () => {
    const config = join(folder, 'weak-key')
    await cp(join(repository, 'config'), config, { recursive: true })
    await appendFile(join(config, 'rolegate.yaml'), '\nkeyRing: ${file:weak-ring.txt}\n')
    await writeFile(join(config, 'weak-ring.txt'), Buffer.alloc(32).toString('base64'))
    const { code, stderr } = await serve(config)
    expect(code).toBe(78)
    expect(stderr).toMatch(/key ring text, key 1: the key is all zeros; make one with/)
  })

  it('says which file it cannot record to', async () => {
    await mkdir(join(folder, 'data', 'audit.jsonl'), { recursive: true })
    const { code, stderr } = await serve(join(repository, 'config'), '--listen', '127.0.0.1:9')
    expect(code).toBe(1)
    expect(stderr).toContain(join(folder, 'data', 'audit.jsonl'))
  })

  it('refuses other machines without TLS', async () => {
    const { code, stderr } = await serve(join(repository, 'config'), '--listen', '192.0.2.1:8080')
    expect(code).toBe(78)
    expect(stderr).toContain('server.tls')
  })

  it.each(['0.0.0.0:8080', '192.0.2.1:8080'])('refuses the demo on %s', async (listen) => {
    const { code, stderr, stdout } = await serve(join(repository, 'config'), '--demo', '--listen', listen)
    expect(code).toBe(78)
    expect(stderr).toContain('listens on 127.0.0.1 only')
    expect(stdout).toBe('')
    expect(existsSync(join(folder, 'data', 'demo'))).toBe(false)
  })
})

describe('two demos', () => {
  let one: Product
  let other: Product
  beforeAll(async () => {
    ;[one, other] = await Promise.all([
      startProduct(),
      // The tests' machines run as root; everything else there is, runs as somebody.
      startProduct(isRoot ? { user: nobody } : {}),
    ])
    products = [...products, one, other]
  }, 60_000)

  const people = async (product: Product) =>
    JSON.parse(await readFile(join(product.dataDirectory, 'demo', 'people.json'), 'utf8')) as Record<
      string,
      string
    >

  it('have the same people and no password in common', async () => {
    const [here, there] = [await people(one), await people(other)]
    expect(Object.keys(here)).toEqual(Object.keys(there))
    const passwords = [...Object.values(here), ...Object.values(there)]
    expect(new Set(passwords).size).toBe(passwords.length)
    for (const text of await committedTexts()) {
      for (const password of passwords) expect(text.includes(password)).toBe(false)
    }
  })

  it('keep to themselves what is secret', async () => {
    const mode = async (path: string) => (await stat(path)).mode & 0o777
    expect(await mode(one.dataDirectory)).toBe(0o700)
    for (const name of ['demo/people.json', 'users.json', 'keys.json', 'audit.jsonl']) {
      expect([name, await mode(join(one.dataDirectory, name))]).toEqual([name, 0o600])
    }
    for (const name of await readdir(one.certificatesDirectory)) {
      const expected = name.endsWith('.key') ? 0o600 : 0o644
      expect([name, await mode(join(one.certificatesDirectory, name))]).toEqual([name, expected])
    }
  })

  it('say where they are, who may sign in, and what to paste', async () => {
    const output = one.output()
    expect(output).toContain(one.url)
    for (const [name, password] of Object.entries(await people(one))) {
      expect(output).toMatch(new RegExp(`^ +${name} +${password} `, 'm'))
    }
    expect(output).toMatch(/^ +bin\/rolegate login --server /m)
    expect(output).toMatch(/^ +aws sts assume-role-with-web-identity .*--endpoint-url /m)
    expect(output).toMatch(/^ +curl /m)
    expect(output).toContain(join(one.dataDirectory, 'demo', 'people.json'))
    expect(output.split('\n').length).toBeLessThan(30)
  })

  it('offer every source on the sign-in page', async () => {
    const { text } = await ask(one.url, '/', { headers: { Accept: 'text/html' } })
    for (const source of ['Demo OpenID Connect', 'Demo SAML', 'Demo directory (LDAP)', 'Local account']) {
      expect(text).toContain(source)
    }
  })

  const withCurl = existsSync('/usr/bin/curl') ? it : it.skip
  withCurl(
    `print a curl command that works as it stands${existsSync('/usr/bin/curl') ? '' : ' (skipped: curl is not installed)'}`,
    async () => {
      const command = /^ +(curl .*)$/m.exec(one.output())?.[1] ?? ''
      const { stdout } = await run('/bin/sh', ['-c', command], { env: { PATH: '/usr/bin:/bin' } })
      expect(stdout).toContain('<AssumeRoleWithSAMLResult>')
      expect(stdout).toMatch(/<AccessKeyId>ASIA/)
    },
  )

  it('are not disturbed by somebody who starts one again', async () => {
    const { code, stderr } = await runCommand(
      ...['serve', '--demo', '--config', one.configDirectory, '--data', one.dataDirectory],
      ...['--certs', one.certificatesDirectory, '--listen', new URL(one.url).host],
    )
    expect(code).toBe(1)
    expect(stderr).toContain(`another program uses ${new URL(one.url).host}`)
    await signIn(one, 'grace', { source: 'demo-ldap' })
  })

  it('have no metrics listener unless it is configured', () => {
    expect(one.output()).not.toContain('metrics.listening')
  })

  it('need no root', async () => {
    const { pid } = other.process
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const uid = isRoot ? nobody : process.getuid?.()
    expect(status).toMatch(new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s+${uid}\\s+${uid}$`, 'm'))
    for (const source of ['local', 'demo-ldap']) {
      const cookie = await signIn(other, 'ada', { source })
      const { text } = await ask(other.url, '/accounts', { headers: { Cookie: cookie } })
      expect(text).toContain('Ada Lovelace')
    }
    expect((await stat(join(other.dataDirectory, 'audit.jsonl'))).uid).toBe(uid)
  })
})

describe('with TLS', () => {
  let product: Product
  let ca: string
  let password: string
  beforeAll(async () => {
    product = await startProduct({
      demo: false,
      scheme: 'https',
      async configure({ config, data }) {
        const file = join(config, 'rolegate.yaml')
        const text = await readFile(file, 'utf8')
        await writeFile(
          file,
          `${text.replace(/^server:$/m, 'server:\n  tls: generated\n  shutdownTimeout: 1s')}
keyRing: \${file:key-ring.txt}
`,
        )
        await writeFile(join(config, 'key-ring.txt'), `${randomBytes(32).toString('base64')}\n`, {
          mode: 0o600,
        })
        const added = await runCommand(
          'user',
          'add',
          'grace',
          '--data',
          data,
          '--generate',
          '--group',
          'developers',
        )
        password = added.stdout.trim()
      },
    })
    products = [...products, product]
    ca = await readFile(join(product.certificatesDirectory, 'tls.crt'), 'utf8')
  }, 60_000)

  it('serves https with the certificate that it made', async () => {
    const answer = await ask(product.url, '/healthz', { ca })
    expect(answer.status).toBe(200)
    await expect(ask(product.url, '/healthz')).rejects.toThrow(/self-signed|unable to verify/)
    await expect(ask(product.url.replace('https:', 'http:'), '/healthz')).rejects.toThrow()
  })

  it('gives cookies that only this host gets, and only over TLS', async () => {
    const answer = await postForm(product, '/signin/local', { username: 'grace', password }, { ca })
    expect(answer.status).toBe(303)
    const [cookie = ''] = answer.headers['set-cookie'] ?? []
    expect(cookie).toMatch(/^__Host-rolegate-session=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000')
    const accounts = await ask(product.url, '/accounts', { ca, headers: { Cookie: cookiesOf(answer) } })
    expect(accounts.status).toBe(200)
    expect(accounts.text).toContain('Developer')
  })

  it('does not take a session from a cookie without the prefix', async () => {
    const cookie = await signIn(product, 'grace', { password, ca })
    const planted = await ask(product.url, '/accounts', {
      ca,
      headers: { Cookie: cookie.replace('__Host-', '') },
    })
    expect(planted.status).toBe(303)
  })

  it('knows nothing of the demo', async () => {
    const { text } = await ask(product.url, '/', { ca, headers: { Accept: 'text/html' } })
    expect(text).toContain('action="/signin/local"')
    expect(text).not.toMatch(/demo/i)
    expect(existsSync(join(product.dataDirectory, 'demo'))).toBe(false)
  })

  it('keeps no key ring of its own when it was given one', () => {
    expect(existsSync(join(product.dataDirectory, 'users.json'))).toBe(true)
    expect(existsSync(join(product.dataDirectory, 'keys.json'))).toBe(false)
  })

  it('ends in the configured time, whoever still waits', async () => {
    const { hostname, port } = new URL(product.url)
    const waiting = request({
      ...{ hostname, port, path: '/sts', method: 'POST', agent: false, ca },
      headers: { 'Content-Length': 10, Expect: '100-continue' },
    })
    const cut = new Promise((done) => waiting.once('error', done))
    await new Promise((done) => {
      waiting.once('continue', () => done(undefined))
      waiting.flushHeaders()
    })
    expect(await product.stop('SIGTERM')).toBe(0)
    expect(product.output()).toContain('"event":"http.stop-forced"')
    expect(await cut).toMatchObject({ code: 'ECONNRESET' })
  })
})

/** Everything that people get with a clone, as far as it is text. */
async function committedTexts(): Promise<readonly string[]> {
  const folders = ['src', 'test', 'config', 'docs', 'scripts', 'bin']
  const files = await Promise.all(
    folders.map(async (name) => {
      const entries = await readdir(join(repository, name), { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    }),
  )
  return Promise.all(files.flat().map((file) => readFile(file, 'latin1')))
}
