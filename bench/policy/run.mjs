/**
 * How fast policies decide: `npm run bench:policy`. Cedar is measured in the same run, on equivalent policies and
 * requests whose decisions are compared first. One thread; rates are by processor time, answers in milliseconds by
 * the clock. Absolute numbers depend on the machine, ratios much less.
 */
import { cpus } from 'node:os'
import { againstCedar, explanations, growth } from './decisions.mjs'
import { print } from './rates.mjs'
import { rolesOfIdentity } from './roles.mjs'
import { bytesPerStatement } from './statements.mjs'

if (globalThis.gc === undefined) throw new Error('start this with node --expose-gc')
print(`Node ${process.version}, ${cpus()[0]?.model.trim()}\n`)
explanations()
againstCedar()
growth()
bytesPerStatement()
rolesOfIdentity([
  [1_000, 10],
  [10_000, 100],
  [100_000, 10],
  [100_000, 1_000],
])
