/** How much more one address serves with two processes, where the server can run them. */
import { join } from 'node:path'
import { load } from './comparison.mjs'
import { childCount } from './processes.mjs'
import { startRolegate } from './rolegate.mjs'
import { assumeRole } from './signed-requests.mjs'
import { median, print } from './table.mjs'

const rounds = 3
const seconds = 3

export async function reportWorkers(folder, issuer, connections) {
  print('\nserver.workers, AssumeRole, processes and load share the cores')
  const rates = []
  for (const workers of [1, 2]) {
    const options = { settings: { workers }, everyCore: true, quiet: true }
    const server = await startRolegate(join(folder, `workers-${workers}`), issuer, options).catch(
      () => undefined,
    )
    if (server === undefined) {
      print(`  skipped: this server does not start with server.workers ${workers}`)
      return
    }
    try {
      if (workers > 1 && childCount(server.child) === 0) {
        print('  skipped: this server takes the setting and runs one process all the same')
        return
      }
      const subject = { name: 'AssumeRole', requests: await server.requests(assumeRole, 400) }
      const turn = { subject, target: { server: 'rolegate', port: server.port, child: server.child } }
      const options = { folder, connections, seconds: 1 }
      await load(turn, options)
      const results = []
      for (let round = 0; round < rounds; round += 1) {
        results.push((await load(turn, { ...options, seconds })).perSecond)
      }
      rates.push(median(results))
      print(`  ${workers}: ${rates.at(-1).toFixed(0)} requests/s`)
    } finally {
      await server.stop()
    }
  }
  print(`  from 1 to 2: ${(rates[1] / rates[0]).toFixed(2)} times`)
}
