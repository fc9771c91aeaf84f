/** What a server remembers of the sessions that it has issued: nothing, so its memory does not grow with them. */
import { join } from 'node:path'
import { load } from './comparison.mjs'
import { startRolegate } from './rolegate.mjs'
import { assumeRole } from './signed-requests.mjs'
import { print, verdict } from './table.mjs'

const seconds = 4
/** A collected heap is never twice the same; what 10,000 sessions would take if each were remembered is megabytes. */
const noiseBytes = 64

export async function reportMemory(folder, issuer, connections) {
  const server = await startRolegate(join(folder, 'memory'), issuer, { probe: true })
  try {
    const subject = { name: 'AssumeRole', requests: await server.requests(assumeRole, 400) }
    const turn = { subject, target: { server: 'rolegate', port: server.port, child: server.child } }
    const issue = () => load(turn, { folder, connections, seconds })
    await issue()
    const before = await server.memory()
    const { answered } = await issue()
    const after = await server.memory()
    const held = ({ heapUsed, external }) => heapUsed + external
    const megabytes = (bytes) => (bytes / 1e6).toFixed(1)
    const each = (held(after) - held(before)) / answered
    print(`\nMemory after a collection, before and after ${answered} more sessions, all of them live`)
    print(`  heap and buffers ${megabytes(held(before))} -> ${megabytes(held(after))} MB`)
    print(`  resident ${megabytes(before.rss)} -> ${megabytes(after.rss)} MB`)
    print(verdict('bytes per live session', each, noiseBytes, false))
  } finally {
    await server.stop()
  }
}
