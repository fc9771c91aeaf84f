/**
 * How fast the two hot STS calls are, as ratios to servers that do nothing: `npm run bench`.
 *
 * Rolegate runs as its users run it, in a process of its own with its real audit file, evaluation and signatures; the
 * two servers it is compared with get the very same requests and answer as many bytes. One server is loaded at a
 * time, in rounds whose order changes; medians over the rounds are shown. Absolute numbers depend on the machine,
 * ratios much less.
 */
import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeInstallation } from './installation.mjs'
import { freePort, pinned, run, startServer } from './processes.mjs'
import { assumeRole, callerIdentity, signIn } from './signed-requests.mjs'
import { startWorkloadIssuer } from './workload-issuer.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '5' },
    connections: { type: 'string', default: '50' },
  },
})
const seconds = Number(values.seconds)
const rounds = Number(values.rounds)
const connections = Number(values.connections)
const differentRequests = 400
const workloads = 8

const root = fileURLToPath(new URL('..', import.meta.url))
const here = (file) => join(root, 'bench', file)
const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { stdio: 'inherit' })
if (built.status !== 0) process.exit(built.status ?? 1)

const folder = await mkdtemp(join(tmpdir(), 'rolegate-bench-'))
const issuer = await startWorkloadIssuer()
const servers = []
try {
  await writeInstallation(join(folder, 'config'), issuer.issuer)
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  servers.push(
    await startServer(
      [
        join(root, 'bin', 'rolegate'),
        'serve',
        '--config',
        join(folder, 'config'),
        '--data',
        join(folder, 'data'),
        '--listen',
        host,
      ],
      port,
    ),
  )
  const credentials = await Promise.all(
    Array.from({ length: workloads }, (_, index) => signIn(host, issuer.token(`bench-${index}`), index)),
  )
  const sample = async (request) => (await send(host, request)).length
  const subjects = []
  for (const [name, make] of [
    ['GetCallerIdentity', callerIdentity],
    ['AssumeRole', assumeRole],
  ]) {
    const requests = await Promise.all(
      Array.from({ length: differentRequests }, (_, index) =>
        make(host, credentials[index % workloads], index),
      ),
    )
    const size = await sample(requests[0])
    subjects.push({ name, requests, size, targets: [{ server: 'rolegate', port }] })
  }
  for (const subject of subjects) {
    for (const kind of ['bare', 'express']) {
      const constantPort = await freePort()
      servers.push(
        await startServer(
          [here('constant-server.mjs'), kind, String(constantPort), String(subject.size)],
          constantPort,
        ),
      )
      subject.targets.push({ server: kind, port: constantPort })
    }
  }

  const before = await auditLines(folder)
  const measured = await measure(subjects)
  const recorded = (await auditLines(folder)) - before
  report(measured, recorded)
} finally {
  await Promise.all(servers.map((server) => server.stop()))
  await issuer.close()
  await rm(folder, { recursive: true, force: true })
}

async function measure(subjects) {
  const turns = subjects.flatMap((subject) =>
    subject.targets.map((target) => ({ subject, target, results: [] })),
  )
  for (const turn of turns) await load(turn, 1)
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
    const order = turns.map((_, index) => turns[(index + round) % turns.length])
    for (const turn of order) turn.results.push(await load(turn, seconds))
  }
  return turns
}

async function load({ subject, target }, duration) {
  const file = join(folder, 'load.json')
  const { requests } = subject
  await writeFile(
    file,
    JSON.stringify({ url: `http://127.0.0.1:${target.port}`, connections, seconds: duration, requests }),
  )
  const result = JSON.parse(await run([here('load.mjs'), file]))
  if (result.failed > 0)
    throw new Error(`${subject.name} at ${target.server}: ${result.failed} requests failed`)
  return result
}

async function send(host, { path, headers, body }) {
  const { 'content-length': _length, host: _host, ...rest } = headers
  const response = await fetch(`http://${host}${path}`, { method: 'POST', headers: rest, body })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`a sample request failed: ${text}`)
  return Buffer.from(text)
}

async function auditLines(folder) {
  const text = await readFile(join(folder, 'data', 'audit.jsonl'), 'utf8')
  return text.split('\n').length - 1
}

function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function report(turns, recorded) {
  const cores = pinned ? 'server and load on one core each' : 'server and load share the cores'
  print(`Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), ${cores}`)
  print(`${connections} connections, median of ${rounds} rounds of ${seconds} s\n`)
  print(row('', 'requests/s', 'of bare http', 'of Express', 'p50 ms', 'p99 ms'))
  for (const name of new Set(turns.map(({ subject }) => subject.name))) {
    const of = (server) =>
      turns.find(({ subject, target }) => subject.name === name && target.server === server)
    const rate = (server) => median(of(server).results.map((result) => result.perSecond))
    for (const [server, title] of [
      ['rolegate', name],
      ['express', '  Express 5 route'],
      ['bare', '  bare node:http'],
    ]) {
      const { results } = of(server)
      print(
        row(
          title,
          rate(server).toFixed(0),
          (rate(server) / rate('bare')).toFixed(2),
          (rate(server) / rate('express')).toFixed(2),
          median(results.map((result) => result.p50)).toFixed(0),
          median(results.map((result) => result.p99)).toFixed(0),
        ),
      )
    }
  }
  const answered = turns
    .filter(({ target }) => target.server === 'rolegate')
    .flatMap(({ results }) => results)
    .reduce((sum, result) => sum + result.answered, 0)
  print(
    `\n${answered} of Rolegate's answers were counted, each with its line in the audit file (${recorded} lines).`,
  )
  if (recorded < answered) throw new Error('some answers have no audit record')
}

function row(title, ...cells) {
  return title.padEnd(20) + cells.map((cell) => cell.padStart(14)).join('')
}

function print(line) {
  process.stdout.write(`${line}\n`)
}
