// The checks that need no server: format, lint, types. `npm run check` and `npm test` run the same ones.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

const typescript = 'node_modules/typescript/bin/tsc'
const checks = [
  {
    name: 'format',
    script: 'node_modules/prettier/bin/prettier.cjs',
    args: ['--check', '--log-level', 'warn', '.'],
  },
  { name: 'lint', script: 'node_modules/oxlint/bin/oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'types of the server', script: typescript, args: ['--noEmit'] },
  {
    name: 'types of the pages’ scripts',
    script: typescript,
    args: ['--noEmit', '-p', 'tsconfig.browser.json'],
  },
  { name: 'types of the tests', script: typescript, args: ['--noEmit', '-p', 'tsconfig.test.json'] },
]

/** Runs a script of this repository with this Node. @returns its exit status and what it printed. */
export function run(script, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (part) => (output += part))
    child.stderr.on('data', (part) => (output += part))
    child.once('error', (error) => resolve({ status: 1, output: String(error) }))
    child.once('close', (status) => resolve({ status: status ?? 1, output }))
  })
}

/** Prints a line per check, and all that a failing one said. @returns whether all are content. */
export async function runChecks() {
  let content = true
  for (const { name, script, args } of checks) {
    const begin = performance.now()
    const { status, output } = await run(script, args)
    const seconds = ((performance.now() - begin) / 1000).toFixed(1)
    process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)\n`)
    if (status === 0) continue
    content = false
    process.stdout.write(`${output.trimEnd()}\n`)
  }
  return content
}
