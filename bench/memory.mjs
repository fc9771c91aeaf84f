/**
 * What sessions take of a server's memory. Those that are live take nothing, however many there are; of those that are
 * used, each room keeps the last few thousand opened (`authentication/known-sessions.ts`), and no more.
 */
import { join } from 'node:path'
import { load } from './comparison.mjs'
import { startRolegate } from './rolegate.mjs'
import { assumeRole, callerIdentity, issuedIn, send } from './signed-requests.mjs'
import { print, verdict } from './table.mjs'

const seconds = 3
const leastIssued = 50_000
const mostBatches = 20
/** A server that remembered no more of a session than its access key id would hold these characters. */
const accessKeyIdBytes = 20
/** Of one room: `rememberSessions`' default. */
const remembered = 2_000
const atOnce = 50

export async function reportMemory(folder, issuer, connections) {
  const server = await startRolegate(join(folder, 'memory'), issuer, { probe: true })
  const held = async () => {
    const { heapUsed, external } = await server.memory()
    return heapUsed + external
  }
  try {
    const subject = { name: 'AssumeRole', requests: await server.requests(assumeRole, 400) }
    const turn = { subject, target: { server: 'rolegate', port: server.port, child: server.child } }
    const issue = () => load(turn, { folder, connections, seconds })
    // What is compiled and allocated once is there then.
    for (let batch = 0; batch < 2; batch += 1) await issue()
    await reportLive(issue, held)
    await reportUsed(server, held)
  } finally {
    await server.stop()
  }
}

/** Measured again and again: one collected heap is never the same as the next. */
async function reportLive(issue, held) {
  const points = [{ issued: 0, bytes: await held() }]
  while (points.at(-1).issued < leastIssued && points.length <= mostBatches) {
    const { answered } = await issue()
    points.push({ issued: points.at(-1).issued + answered, bytes: await held() })
  }
  const { slope, error } = fittedLine(points)
  const { issued } = points.at(-1)
  print(
    `\nMemory (heap and buffers after a collection), while ${issued} sessions are issued, all of them live`,
  )
  print(`  ${points.map(({ bytes }) => megabytes(bytes)).join(' -> ')} MB`)
  print(`  per session ${slope.toFixed(1)} bytes, give or take ${(2 * error).toFixed(1)}`)
  print(verdict('bytes per live session', slope, accessKeyIdBytes, false))
}

/** Twice as many as a room keeps opened: the second half takes the place of the first. */
async function reportUsed(server, held) {
  const before = await held()
  await useSessions(server, remembered)
  const full = await held()
  await useSessions(server, remembered)
  const after = await held()
  print(
    `\nMemory while ${2 * remembered} sessions are used, of which a room keeps the last ${remembered} opened`,
  )
  print(`  ${[before, full, after].map(megabytes).join(' -> ')} MB`)
  const each = (full - before) / remembered
  print(`  per session that is kept opened ${(each / 1000).toFixed(1)} KB`)
  const beyond = (after - full) / remembered
  print(verdict('of that, for each session more than these', beyond / each, 0.1, false))
}

async function useSessions({ host, credentials }, count) {
  for (let first = 0; first < count; first += atOnce) {
    await Promise.all(
      Array.from({ length: Math.min(atOnce, count - first) }, async (_, index) => {
        const caller = credentials[index % credentials.length]
        const session = await issuedIn(await send(await assumeRole(host, caller, first + index), host))
        const response = await send(await callerIdentity(host, session), host)
        if (response.status !== 200) throw new Error(`a session is refused: ${await response.text()}`)
        await response.arrayBuffer()
      }),
    )
  }
}

/** Least squares, with the standard error of the slope. */
function fittedLine(points) {
  const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  const [middleX, middleY] = [
    mean(points.map(({ issued }) => issued)),
    mean(points.map(({ bytes }) => bytes)),
  ]
  const spread = points.reduce((sum, { issued }) => sum + (issued - middleX) ** 2, 0)
  const slope =
    points.reduce((sum, { issued, bytes }) => sum + (issued - middleX) * (bytes - middleY), 0) / spread
  const left = points.reduce(
    (sum, { issued, bytes }) => sum + (bytes - middleY - slope * (issued - middleX)) ** 2,
    0,
  )
  return { slope, error: Math.sqrt(left / (points.length - 2) / spread) }
}

function megabytes(bytes) {
  return (bytes / 1e6).toFixed(2)
}
