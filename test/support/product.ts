/** The built product as its users run it: `rolegate serve --demo` in a process of its own, on free loopback ports. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { chown, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
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
  readonly certificatesDirectory: string
  readonly process: ChildProcess
  password(username: string): Promise<string>
  /** Everything it printed so far. */
  output(): string
  audit(): Promise<string>
  /** @returns the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  /** The same installation again, after a stop. */
  restart(): Promise<Product>
  /** A second process on the same folders, on a port of its own; without the demo, whose providers run only once. */
  beside(): Promise<Product>
  remove(): Promise<void>
}

export interface ProductOptions {
  /** False: only what the configuration folder says. */
  readonly demo?: boolean
  /** Where it listens; default: a free port. For a `publicUrl` or public hosts that have to name it. */
  readonly port?: number
  /** Default `http`. What `configure` makes of `tls` it says here. */
  readonly scheme?: 'http' | 'https'
  /** Changes the installation's own folders before the first start; `config` is a copy of the committed one. */
  readonly configure?: (folders: { readonly config: string; readonly data: string }) => Promise<void>
  /** User and group that it runs as, on folders that are theirs; needs root. */
  readonly user?: number
}

/** Needs `npm run build` before; `npm test` does it. */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-product-'))
  try {
    await cp(join(repository, 'config'), join(folder, 'config'), { recursive: true })
    await options.configure?.({ config: join(folder, 'config'), data: join(folder, 'data') })
    if (options.user !== undefined) await giveTo(options.user, folder)
    return await start(folder, options.port ?? (await freePortRange(4)), options)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command for as long as it takes, with nothing in its environment but a path. */
export function runCommand(...parameters: string[]): Promise<Ended> {
  return runCommandWith('', ...parameters)
}

/** The same with `input` on standard input, which then ends. */
export function runCommandWith(input: string, ...parameters: string[]): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = execFile(
      process.execPath,
      [command, ...parameters],
      { env: { PATH: process.env['PATH'] }, timeout: 20_000 },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') failed(error)
        else done({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
    // A command that reads nothing may have ended by then.
    child.stdin?.once('error', () => undefined).end(input)
  })
}

async function giveTo(user: number, folder: string): Promise<void> {
  await chown(folder, user, user)
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  await Promise.all(entries.map(({ parentPath, name }) => chown(join(parentPath, name), user, user)))
}

async function start(folder: string, port: number, options: ProductOptions): Promise<Product> {
  const { demo = true, scheme = 'http', user } = options
  const url = `${scheme}://127.0.0.1:${port}`
  const configDirectory = join(folder, 'config')
  const dataDirectory = join(folder, 'data')
  const certificatesDirectory = join(folder, 'certs')
  const child = spawn(
    process.execPath,
    [
      command,
      ...['serve', ...(demo ? ['--demo'] : []), '--config', configDirectory, '--data', dataDirectory],
      ...['--certs', certificatesDirectory, '--listen', `127.0.0.1:${port}`],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'] },
      ...(user === undefined ? {} : { uid: user, gid: user }),
    },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  const ready = demo ? 'Ctrl-C stops everything' : 'Rolegate serves '
  while (!output.includes(ready)) {
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
    certificatesDirectory,
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
    restart: () => start(folder, port, options),
    beside: async () => start(folder, await freePortRange(1), { ...options, demo: false }),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** The demo takes ports in a row: its own, then one per identity provider. */
async function freePortRange(count: number): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    // Below the ports that the system gives to connections on their way out.
    const first = 20_000 + Math.floor(Math.random() * 12_000)
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
