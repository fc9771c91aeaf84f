/** The built product as its users run it: `rolegate serve --demo` in a process of its own, on free loopback ports. */
import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const repository = resolve(import.meta.dirname, '..', '..')
export const command = join(repository, 'bin', 'rolegate')

export interface Product {
  readonly url: string
  /** Token endpoint of the demo's OpenID provider, assertion endpoint of its SAML IdP. */
  readonly tokenUrl: string
  readonly assertionUrl: string
  readonly issuerHost: string
  readonly configDirectory: string
  readonly dataDirectory: string
  readonly process: ChildProcess
  password(username: string): Promise<string>
  /** Everything it printed so far. */
  output(): string
  audit(): Promise<string>
  /** @returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** The same installation again, after a stop. */
  restart(): Promise<Product>
  remove(): Promise<void>
}

/** Needs `npm run build` before; `npm test` does it. */
export async function startProduct(): Promise<Product> {
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-product-'))
  await cp(join(repository, 'config'), join(folder, 'config'), { recursive: true })
  return start(folder, await freePortRange(4))
}

async function start(folder: string, port: number): Promise<Product> {
  const url = `http://127.0.0.1:${port}`
  const configDirectory = join(folder, 'config')
  const dataDirectory = join(folder, 'data')
  const child = spawn(
    process.execPath,
    [
      command,
      ...['serve', '--demo', '--config', configDirectory, '--data', dataDirectory],
      ...['--certs', join(folder, 'certs'), '--listen', `127.0.0.1:${port}`],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  while (!output.includes('Ctrl-C stops everything')) {
    if (child.exitCode !== null) throw new Error(`the product did not start:\n${output}`)
    await new Promise((done) => setTimeout(done, 50))
  }
  return {
    url,
    tokenUrl: `http://127.0.0.1:${port + 1}/token-for-curl`,
    assertionUrl: `http://127.0.0.1:${port + 2}/assertion`,
    issuerHost: `127.0.0.1:${port + 1}`,
    configDirectory,
    dataDirectory,
    process: child,
    async password(username) {
      const people = JSON.parse(await readFile(join(dataDirectory, 'demo', 'people.json'), 'utf8')) as Record<
        string,
        string
      >
      const password = people[username]
      if (password === undefined) throw new Error(`nobody is called ${username}`)
      return password
    },
    output: () => output,
    audit: () => readFile(join(dataDirectory, 'audit.jsonl'), 'utf8'),
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const code = await exited
      process.off('exit', killWithUs)
      return code
    },
    restart: () => start(folder, port),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The demo takes ports in a row: its own, then one per identity provider. */
async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 30_000)
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(first + offset)))
    if (free.every(Boolean)) return first
  }
  throw new Error('no free ports')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer()
    server.once('error', () => done(false))
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
  })
}
