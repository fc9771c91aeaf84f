// One run of jest in a process group of its own, so that whatever a test leaves running can be found and ended.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './checks.mjs'

const LIMIT_MS = 20 * 60_000
/** After the last test: time for jest to end by itself. */
const END_MS = 20_000

/** @returns jest's exit status and its report; no report when it ended before its end. */
export async function runJest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'rolegate-jest-'))
  const file = join(folder, 'report.json')
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning']
  const jest = [join(root, 'node_modules/jest/bin/jest.js'), '--json', `--outputFile=${file}`, ...args]
  const child = spawn(process.execPath, [...flags, ...jest], {
    cwd: root,
    // Jest prints its report to standard output as well; people read the other one.
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  })
  const complaints = []
  const giveUp = (reason) => {
    complaints.push(reason)
    endGroup(child.pid)
  }
  const limit = setTimeout(() => giveUp(`the tests have run for ${LIMIT_MS / 60_000} minutes`), LIMIT_MS)
  let end
  const watch = setInterval(() => {
    if (end !== undefined || !existsSync(file)) return
    end = setTimeout(() => giveUp('a test has left something open, so jest did not end by itself'), END_MS)
  }, 500)
  const stop = (signal) => {
    endGroup(child.pid)
    rmSync(folder, { recursive: true, force: true })
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  process.on('SIGINT', stop).on('SIGTERM', stop)

  const status = await new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)))
  for (const timer of [limit, watch, end]) clearTimeout(timer)
  process.off('SIGINT', stop).off('SIGTERM', stop)
  complaints.push(...leftovers(child.pid))
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined
  rmSync(folder, { recursive: true, force: true })
  return { status, report, complaints }
}

/** Ends what the tests have left running, and says what it was. */
function leftovers(group) {
  // Servers that were told to stop may need a moment.
  for (let attempt = 0; attempt < 20 && isAlive(group); attempt++) spawnSync('sleep', ['0.1'])
  if (!isAlive(group)) return []
  const { stdout } = spawnSync('ps', ['-o', 'args=', '-g', String(group)], { encoding: 'utf8' })
  endGroup(group)
  return [`the tests have left running:\n${(stdout ?? '').trimEnd()}`]
}

function isAlive(group) {
  try {
    return process.kill(-group, 0)
  } catch {
    return false
  }
}

function endGroup(group) {
  try {
    process.kill(-group, 'SIGKILL')
  } catch {
    // Nobody is left in it.
  }
}
