/** Child processes of the benchmark: pinned to a core where that can be done, and always ended. */
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { availableParallelism } from 'node:os'

export const pinned =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' }).status === 0
export const serverCore = 0
export const loadCore = 1

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function start(core, parameters, environment = {}) {
  const command = pinned ? ['taskset', '-c', String(core), process.execPath] : [process.execPath]
  const [program, ...rest] = [...command, ...parameters]
  const child = spawn(program, rest, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', ...environment },
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Runs a server until `stop`; ready when it answers anything at all. */
export async function startServer(parameters, port) {
  const child = start(serverCore, parameters)
  child.stdout.resume()
  for (let attempt = 0; ; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${parameters.join(' ')} ended with ${child.exitCode}`)
    if (attempt === 200) throw new Error(`${parameters.join(' ')} did not start`)
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (await answers(port)) break
  }
  return {
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', resolve)
        child.kill('SIGTERM')
      }),
  }
}

/** Runs to the end. @returns what it printed. */
export function run(parameters) {
  const child = start(loadCore, parameters)
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => (text += chunk))
    child.once('exit', (code) => (code === 0 ? resolve(text) : reject(new Error(`load ended with ${code}`))))
  })
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
