/**
 * What each step of a request costs, beside its floor: the distance between the two is what can still be gained. And
 * what a session token weighs. Run by `run.mjs` in a process of its own; the one argument is a file with a real
 * server's data folder, a request to it, the request's credentials and its line in the audit file.
 */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { keyRingOf } from '../dist/credentials/key-ring.js'
import { readRingFile } from '../dist/credentials/ring-file.js'
import { createSessionCredentials } from '../dist/credentials/sealed-credentials.js'
import { reportAuditBatches } from './audit-batch.mjs'
import { ratesOf } from './policy/rates.mjs'
import { stepsOf } from './steps.mjs'
import { print, row } from './table.mjs'
import { reportTokenWeights } from './token-weights.mjs'

const { dataDirectory, line, ...given } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const keyFile = join(dataDirectory, 'keys.json')
const ring = keyRingOf(await readRingFile(keyFile), keyFile)
const inForce = { current: () => ring, missedKey: () => undefined }
const credentials = createSessionCredentials(inForce, { random: randomBytes })
const opened = credentials.open(given.used.accessKeyId, given.used.sessionToken)
const { accessKeyId: _named, ...session } = opened.session

const steps = stepsOf({ ...given, event: JSON.parse(line), credentials, opened, session })
const calls = steps.flatMap(({ name, call, floor }) => [
  [name, call],
  ...(floor === undefined ? [] : [[`${name}: floor`, floor]]),
])
const rates = ratesOf(Object.fromEntries(calls), { rounds: 5, seconds: 0.15 })
const microseconds = (name) => (1e6 / rates[name]).toFixed(1)

print('\nPrice list: microseconds of processor time, and those of the floor')
for (const { name, floor, made } of steps) {
  const atLeast = floor === undefined ? '' : microseconds(`${name}: floor`)
  print(`${row(`  ${name}`, microseconds(name), atLeast)}${made === undefined ? '' : `  ${made}`}`)
}
await reportAuditBatches(dataDirectory, line)
reportTokenWeights(credentials, session)
