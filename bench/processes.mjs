/** Child processes of the benchmark: pinned to a core where that can be done, and always ended. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'

export const pinned =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' }).status === 0
const serverCore = 0
const loadCore = 1

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function start(core, parameters, stdio = ['ignore', 'pipe', 'inherit']) {
  const onCore = pinned && core !== undefined
  const command = onCore ? ['taskset', '-c', String(core), process.execPath] : [process.execPath]
  const [program, ...rest] = [...command, ...parameters]
  const child = spawn(program, rest, { stdio, env: { ...process.env, NODE_ENV: 'production' } })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/**
 * Runs a server until `stop`; ready when it answers anything at all.
 * @param everyCore not pinned: the server has processes for several cores.
 * @param quiet what it says on standard error is not shown.
 * @param talks it has a channel for messages.
 */
export async function startServer(
  parameters,
  port,
  { everyCore = false, quiet = false, talks = false } = {},
) {
  const child = start(everyCore ? undefined : serverCore, parameters, [
    'ignore',
    'pipe',
    quiet ? 'ignore' : 'inherit',
    ...(talks ? ['ipc'] : []),
  ])
  child.stdout.resume()
  for (let attempt = 0; ; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${parameters.join(' ')} ended with ${child.exitCode}`)
    if (attempt === 200) throw new Error(`${parameters.join(' ')} did not start`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (await answers(port)) break
  }
  return {
    child,
    stop: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null) return resolve()
        child.once('exit', resolve)
        child.kill('SIGTERM')
      }),
  }
}

/**
 * Runs to the end, by itself on the core of the load.
 * @param everyCore not pinned.
 * @returns what it printed.
 */
export function run(parameters, { onServerCore = false, everyCore = false } = {}) {
  const core = onServerCore ? serverCore : loadCore
  const child = start(everyCore ? undefined : core, parameters)
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.once('exit', (code) =>
      code === 0 ? resolve(text) : reject(new Error(`${parameters[0]} ended with ${code}`)),
    )
  })
}

/**
 * Processor time that a process, its threads and its child processes have used, in microseconds; undefined where there
 * is no /proc.
 */
export function processorMicroseconds({ pid }) {
  const times = [pid, ...(childrenOf(pid) ?? [])].map(ownProcessorMicroseconds)
  return times.includes(undefined) ? undefined : times.reduce((sum, time) => sum + time)
}

function ownProcessorMicroseconds(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // User and system time, in ticks of which Linux shows a hundred a second to everybody.
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  } catch {
    return undefined
  }
}

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
  } catch {
    return undefined
  }
}

export async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answers(port) {
  try {
    await fetch(`http://127.0.0.1:${port}/healthz`)
    return true
  } catch {
    return false
  }
}
