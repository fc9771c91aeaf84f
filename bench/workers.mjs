/**
 * How much more one address serves with two workers than with one, both loaded in turn. Nothing is pinned: two workers
 * and the load share the cores. On two cores the load takes part of what the second worker could have, so what a
 * request costs both sides stands beside the rates, and what follows from it for cores that the load does not use.
 *
 * Two shapes of load besides the plain one: with several requests under way on each connection a worker always has
 * more to do, as under the load of many machines, and the load costs less; with a connection per request it is seen
 * what handing over costs.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { load } from './comparison.mjs'
import { startRolegate } from './rolegate.mjs'
import { assumeRole, callerIdentity } from './signed-requests.mjs'
import { median, print, row } from './table.mjs'

const rounds = 3
const seconds = 2
/** Per worker. */
const warmRequests = 4000
const onNewConnections = ({ headers, ...rest }) => ({ ...rest, headers: { ...headers, connection: 'close' } })
const shapes = [
  { name: 'GetCallerIdentity', make: callerIdentity },
  { name: 'AssumeRole', make: assumeRole },
  { name: '  4 at once per connection', make: assumeRole, pipelining: 4 },
  { name: '  a connection per request', make: assumeRole, each: onNewConnections },
]

export async function reportWorkers(folder, issuer, connections) {
  print(
    `\nserver.workers 1 and 2, ${connections} connections; servers and load share ${availableParallelism()} cores`,
  )
  const servers = []
  try {
    for (const workers of [1, 2]) {
      const options = { settings: { workers }, everyCore: true, quiet: true }
      servers.push(await startRolegate(join(folder, `workers-${workers}`), issuer, options))
    }
    print(row('', '1: req/s', '2: req/s', 'ratio', '1: server µs', '2: server µs', 'load µs', 'ratio alone'))
    for (const shape of shapes)
      reportShape(shape.name, await measured(shape, servers, { folder, connections }))
    print('  µs: processor time per request, of all processes of the server, and of the load.')
    print('  ratio alone: what those costs allow two workers where the load runs on another machine.')
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

/** @returns by server: the results of its rounds. */
async function measured({ name, make, pipelining, each = (request) => request }, servers, options) {
  const turns = []
  for (const { port, child, requests } of servers) {
    const subject = { name, pipelining, requests: (await requests(make, 400)).map(each) }
    turns.push({ subject, target: { server: 'rolegate', port, child } })
  }
  const shared = { ...options, everyCore: true }
  for (const [n, turn] of turns.entries()) await warmUp(turn, (n + 1) * warmRequests, shared)
  const results = turns.map(() => [])
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [0, 1] : [1, 0]
    for (const n of order) results[n].push(await load(turns[n], { ...shared, seconds }))
  }
  return results
}

/** By requests, not by time: each worker compiles its own code, from what it has answered itself. */
async function warmUp(turn, requests, options) {
  for (let answered = 0; answered < requests;) {
    answered += (await load(turn, { ...options, seconds: 1 })).answered
  }
}

function reportShape(name, [one, two]) {
  const middle = (results, field) => median(results.map((result) => result[field]))
  const [oneCost, twoCost] = [middle(one, 'processor'), middle(two, 'processor')]
  print(
    row(
      name,
      middle(one, 'perSecond').toFixed(0),
      middle(two, 'perSecond').toFixed(0),
      (middle(two, 'perSecond') / middle(one, 'perSecond')).toFixed(2),
      oneCost.toFixed(0),
      twoCost.toFixed(0),
      middle(two, 'loadProcessor').toFixed(0),
      ((2 * oneCost) / twoCost).toFixed(2),
    ),
  )
}
