/**
 * What Rolegate is compared with: a server that reads the whole body and answers a constant, on bare node:http or as
 * an Express route. Arguments: `bare` or `express`, the port, the size of the answer in bytes.
 */
import { createServer } from 'node:http'
import express from 'express'

const [kind, port, size] = process.argv.slice(2)
const answer = Buffer.alloc(Number(size), 'x')
const headers = { 'content-type': 'text/xml', 'cache-control': 'no-store' }

function bare(request, response) {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    Buffer.concat(chunks)
    response.writeHead(200, { ...headers, 'content-length': answer.length })
    response.end(answer)
  })
}

function routed() {
  const application = express()
  application.disable('x-powered-by').disable('etag')
  application.post('/', express.raw({ type: () => true }), (_request, response) => {
    response.set(headers).send(answer)
  })
  return application
}

createServer(kind === 'express' ? routed() : bare).listen(Number(port), '127.0.0.1', () =>
  process.stdout.write('ready\n'),
)
