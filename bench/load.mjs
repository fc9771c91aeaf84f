/** The load, in a process of its own: `load.mjs FILE`, where FILE says where to, for how long, and with what. */
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

const {
  url,
  connections,
  seconds,
  requests,
  pipelining = 1,
} = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const latencies = []
// Each connection starts elsewhere in the list, so that the server never sees one request 50 times in a row.
let next = 0
function setupClient(client) {
  const start = (next * Math.ceil(requests.length / connections)) % requests.length
  next += 1
  client.setRequests([...requests.slice(start), ...requests.slice(0, start)])
}
const atStart = process.cpuUsage()
const run = autocannon({
  url,
  connections,
  duration: seconds,
  pipelining,
  requests,
  ...(pipelining === 1 ? { setupClient } : {}),
})
// Its own quantiles are whole milliseconds, and a bare server's are about one.
run.on('response', (_client, _status, _bytes, milliseconds) => latencies.push(milliseconds))
const result = await run
const { user, system } = process.cpuUsage(atStart)
latencies.sort((one, other) => one - other)
const quantile = (part) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))]
process.stdout.write(
  JSON.stringify({
    perSecond: result['2xx'] / result.duration,
    answered: result['2xx'],
    loadProcessor: (user + system) / result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
    p50: quantile(0.5),
    p99: quantile(0.99),
  }),
)
