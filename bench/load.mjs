/** The load, in a process of its own: `load.mjs FILE`, where FILE says where to, for how long, and with what. */
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

const { url, connections, seconds, requests } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
// Each connection starts elsewhere in the list, so that the server never sees one request 50 times in a row.
let next = 0
const result = await autocannon({
  url,
  connections,
  duration: seconds,
  requests,
  setupClient(client) {
    const start = (next * Math.ceil(requests.length / connections)) % requests.length
    next += 1
    client.setRequests([...requests.slice(start), ...requests.slice(0, start)])
  },
})
process.stdout.write(
  JSON.stringify({
    perSecond: result['2xx'] / result.duration,
    answered: result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
    p50: result.latency.p50,
    p99: result.latency.p99,
  }),
)
