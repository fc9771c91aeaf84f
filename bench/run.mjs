/**
 * How fast the two hot STS calls are, as ratios to servers that do nothing: `npm run bench`.
 *
 * Rolegate runs as its users run it, in a process of its own with its real audit file, evaluation and signatures; the
 * two servers it is compared with get the very same requests and answer as many bytes. One server is loaded at a
 * time, in rounds whose order changes; medians over the rounds are shown. Absolute numbers depend on the machine,
 * ratios much less. After that, what the steps of a request cost, what tokens weigh, what a session leaves in memory
 * and what a second process brings.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, reportComparison } from './comparison.mjs'
import { reportMemory } from './memory.mjs'
import { freePort, pinned, run, startServer } from './processes.mjs'
import { startRolegate } from './rolegate.mjs'
import { assumeRole, callerIdentity } from './signed-requests.mjs'
import { print } from './table.mjs'
import { reportWorkers } from './workers.mjs'
import { startWorkloadIssuer } from './workload-issuer.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '4' },
    connections: { type: 'string', default: '50' },
  },
})
const [seconds, rounds, connections] = [values.seconds, values.rounds, values.connections].map(Number)
const calls = [
  { name: 'GetCallerIdentity', make: callerIdentity, goal: 0.45 },
  { name: 'AssumeRole', make: assumeRole, goal: 0.3 },
]
const differentRequests = 400
const quietLoad = 0.7

const root = fileURLToPath(new URL('..', import.meta.url))
const here = (file) => join(root, 'bench', file)
const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' })
if (built.status !== 0) process.exit(built.status ?? 1)

const folder = await mkdtemp(join(tmpdir(), 'rolegate-bench-'))
const issuer = await startWorkloadIssuer()
let servers = []
try {
  const cores = pinned ? 'server and load on one core each' : 'server and load share the cores'
  print(`Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), ${cores}`)
  print(`${connections} connections, median of ${rounds} rounds of ${seconds} s`)
  const [loadBefore] = loadavg()
  if (loadBefore > quietLoad)
    print(
      `CAUTION: others were using this machine (load ${loadBefore.toFixed(1)}), so elapsed times say little`,
    )
  print()
  const rolegate = await startRolegate(join(folder, 'first'), issuer)
  servers.push(rolegate)
  const turns = await turnsOn(rolegate)
  const before = (await rolegate.auditLines()).length
  await compare(turns, { folder, connections, rounds, seconds })
  reportComparison(turns, Object.fromEntries(calls.map(({ name, goal }) => [name, goal])))
  await reportRecorded(turns, rolegate, before)
  await stop()
  await priceList(rolegate, turns)
  await reportMemory(folder, issuer, connections)
  await reportWorkers(folder, issuer, connections)
} finally {
  await stop()
  await issuer.close()
  await rm(folder, { recursive: true, force: true })
}

async function stop() {
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
}

async function turnsOn(rolegate) {
  const turns = []
  for (const { name, make } of calls) {
    const requests = await rolegate.requests(make, differentRequests)
    const size = (await send(rolegate.host, requests[0])).length
    const subject = { name, requests }
    turns.push({ subject, target: { server: 'rolegate', port: rolegate.port, child: rolegate.child } })
    for (const kind of ['bare', 'express']) {
      const port = await freePort()
      const server = await startServer([here('constant-server.mjs'), kind, String(port), String(size)], port)
      servers.push(server)
      turns.push({ subject, target: { server: kind, port, child: server.child } })
    }
  }
  return turns
}

async function send(host, { path, headers, body }) {
  const { 'content-length': _length, host: _host, ...rest } = headers
  const response = await fetch(`http://${host}${path}`, { method: 'POST', headers: rest, body })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`a sample request failed: ${text}`)
  return Buffer.from(text)
}

async function reportRecorded(turns, rolegate, before) {
  // What granted nothing is written with the next batch, milliseconds after its answer.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const recorded = (await rolegate.auditLines()).length - before
  const answered = turns
    .filter(({ target }) => target.server === 'rolegate')
    .flatMap(({ results }) => results)
    .reduce((sum, result) => sum + result.answered, 0)
  print(
    `\n${answered} of Rolegate's answers were counted, each with its line in the audit file (${recorded} lines).`,
  )
  if (recorded < answered) throw new Error('some answers have no audit record')
}

/** With what the stopped server has left, as it left it. */
async function priceList(rolegate, turns) {
  const { requests } = turns.find(({ subject }) => subject.name === 'AssumeRole').subject
  const line = (await rolegate.auditLines()).findLast((line) => JSON.parse(line).eventName === 'AssumeRole')
  const file = join(folder, 'price-list.json')
  const dataDirectory = join(rolegate.folder, 'data')
  const [used] = rolegate.credentials
  await writeFile(
    file,
    JSON.stringify({ dataDirectory, host: rolegate.host, request: requests[0], used, line }),
  )
  process.stdout.write(await run([here('price-list.mjs'), file], { onServerCore: true }))
}
