/**
 * Real redis-servers for tests: one, a Sentinel group, a Cluster. Each listens on free loopback ports, keeps nothing
 * on disk, and ends with the process that started it, also when that process is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface RedisServer {
  readonly port: number
  /** Sends a command over a fresh connection; the reply as text, errors included (`-ERR …`). */
  command(...args: readonly string[]): Promise<string>
  /** Ends it without a goodbye. */
  kill(): Promise<void>
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>
  /** SIGSTOP and SIGCONT: the port stays open and says nothing. */
  freeze(): void
  thaw(): void
  readonly stop: () => Promise<void>
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A port that was free a moment ago may be somebody else's by now; then another one is tried. */
export async function startRedis(
  options: readonly string[] | (() => Promise<readonly string[]>) = [],
): Promise<RedisServer> {
  for (let attempt = 1; ; attempt += 1) {
    const chosen = typeof options === 'function' ? await options() : options
    try {
      return await launch(await freePort(), ['--save', '', '--appendonly', 'no', ...chosen])
    } catch (cause) {
      if (attempt === 5) throw cause
    }
  }
}

async function launch(port: number, options: readonly string[], configFile?: string): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'rolegate-redis-'))
  const first = configFile === undefined ? [] : [configFile]
  const args = [...first, '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...options]
  const command = (...words: readonly string[]) => ask(port, words)
  let process: ServerProcess | undefined
  const start = async () => {
    process = startProcess('redis-server', args)
    await Promise.race([
      waitUntil(async () => !(await command('PING')).startsWith('-LOADING'), `redis-server on port ${port}`),
      process.exited.then(() => {
        throw new Error(`redis-server on port ${port} ended`)
      }),
    ])
  }
  await start()
  return {
    port,
    command,
    kill: async () => process?.end('SIGKILL'),
    restart: async () => {
      await process?.end('SIGKILL')
      await start()
    },
    freeze: () => process?.signal('SIGSTOP'),
    thaw: () => process?.signal('SIGCONT'),
    stop: async () => {
      await process?.end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface SentinelGroup {
  readonly name: string
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
  readonly servers: readonly [RedisServer, RedisServer]
  /** From now on a master that is silent for 800 ms is replaced; before, a busy machine cannot cause that. */
  watchClosely(): Promise<void>
  readonly stop: () => Promise<void>
}

/** A master, one replica, and three sentinels that need two votes. */
export async function startSentinelGroup(): Promise<SentinelGroup> {
  const name = 'rolegate-test'
  const folder = mkdtempSync(join(tmpdir(), 'rolegate-sentinel-'))
  const master = await startRedis()
  const replica = await startRedis([
    '--replicaof',
    '127.0.0.1',
    String(master.port),
    '--repl-diskless-sync-delay',
    '0',
  ])
  await waitUntil(
    async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
    'the replica',
  )
  const sentinels: RedisServer[] = []
  for (let n = 0; n < 3; n++) {
    const file = join(folder, `sentinel-${n}.conf`)
    const lines = [
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 2`,
      `sentinel down-after-milliseconds ${name} 60000`,
      `sentinel failover-timeout ${name} 3000`,
    ]
    writeFileSync(file, lines.join('\n'))
    sentinels.push(await launch(await freePort(), ['--sentinel'], file))
  }
  await waitUntil(async () => {
    const seen = await Promise.all(sentinels.map((sentinel) => sentinel.command('SENTINEL', 'MASTER', name)))
    return seen.every(
      (reply) =>
        /num-slaves\r\n\$1\r\n1\r\n/.test(reply) && /num-other-sentinels\r\n\$1\r\n2\r\n/.test(reply),
    )
  }, 'the sentinels to know each other')
  return {
    name,
    sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    servers: [master, replica],
    watchClosely: async () => {
      for (const one of sentinels)
        await one.command('SENTINEL', 'SET', name, 'down-after-milliseconds', '800')
    },
    stop: async () => {
      await Promise.all([...sentinels, master, replica].map((server) => server.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export interface RedisCluster {
  readonly masters: readonly RedisServer[]
  /** Of the first master. */
  readonly replica: RedisServer
  readonly stop: () => Promise<void>
}

/** Three masters that share the slots, and a replica of the first that takes over when it dies. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const start = async () =>
    startRedis(async () =>
      [
        ['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
        ['--cluster-node-timeout', '1000', '--cluster-replica-validity-factor', '0'],
        ['--repl-diskless-sync-delay', '0', '--cluster-require-full-coverage', 'no'],
      ].flat(),
    )
  const [first, second, third, replica] = [await start(), await start(), await start(), await start()]
  const masters = [first, second, third]
  const ranges = [
    ['0', '5460'],
    ['5461', '10922'],
    ['10923', '16383'],
  ] as const
  for (const [index, master] of masters.entries()) {
    await master.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1))
    await master.command('CLUSTER', 'ADDSLOTSRANGE', ...(ranges[index] ?? []))
  }
  for (const node of [second, third, replica]) {
    const busPort = /\r\n(\d+)\r\n$/.exec(await node.command('CONFIG', 'GET', 'cluster-port'))
    await first.command('CLUSTER', 'MEET', '127.0.0.1', String(node.port), busPort?.[1] ?? '')
  }
  const all = [...masters, replica]
  const everybody = async (test: (info: string) => boolean) =>
    (await Promise.all(all.map((node) => node.command('CLUSTER', 'INFO')))).every(test)
  await waitUntil(
    () => everybody((info) => info.includes('cluster_known_nodes:4')),
    'the cluster nodes to meet',
  )
  const firstId = /[0-9a-f]{40}/.exec(await first.command('CLUSTER', 'MYID'))?.[0] ?? ''
  await waitUntil(
    async () => (await replica.command('CLUSTER', 'REPLICATE', firstId)).startsWith('+OK'),
    'the replica to know its master',
  )
  await waitUntil(
    async () => (await replica.command('INFO', 'replication')).includes('master_link_status:up'),
    'the replica to follow',
  )
  await waitUntil(() => everybody((info) => info.includes('cluster_state:ok')), 'the cluster')
  return {
    masters,
    replica,
    stop: async () => {
      await Promise.all(all.map((node) => node.stop()))
    },
  }
}

/** Polls until `test` holds; what it throws counts as not yet. */
export async function waitUntil(
  test: () => Promise<boolean>,
  what: string,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      if (await test()) return
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: last })
}

function ask(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let reply = ''
    socket.setTimeout(1_000, () => socket.destroy(new Error('redis-server does not answer')))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('redis-server closed the connection')))
    socket.on('data', (data) => {
      reply += data.toString('latin1')
      if (replyEnd(reply, 0) === undefined) return
      socket.destroy()
      resolve(reply)
    })
    socket.write(
      `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
    )
  })
}

/** Where the RESP2 reply that begins at `start` ends; undefined while some of it is missing. */
function replyEnd(reply: string, start: number): number | undefined {
  const lineEnd = reply.indexOf('\r\n', start)
  if (lineEnd < 0) return undefined
  let end: number | undefined = lineEnd + 2
  const size = Number(reply.slice(start + 1, lineEnd))
  if (reply[start] === '$' && size >= 0) return end + size + 2 <= reply.length ? end + size + 2 : undefined
  if (reply[start] !== '*') return end
  for (let n = 0; n < size && end !== undefined; n++) end = replyEnd(reply, end)
  return end
}

interface ServerProcess {
  readonly exited: Promise<void>
  signal(signal: NodeJS.Signals): void
  end(signal: NodeJS.Signals): Promise<void>
}

function startProcess(program: string, args: readonly string[]): ServerProcess {
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' })
  const exited = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve())
    child.once('error', reject)
  })
  // Its standard input closes when this process ends in whatever way, and then it ends the server.
  const guard = spawn('sh', ['-c', 'read _; kill -9 "$1" 2>/dev/null', 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  child.unref()
  return {
    exited,
    signal: (signal) => child.kill(signal),
    end: async (signal) => {
      guard.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await exited
    },
  }
}
