// A resource server without a framework: shows Rolegate the parts of each request, and answers as it is told.
//
//   AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… ROLEGATE_ENDPOINT=https://rolegate.example.com node authorize.mjs
//
// Any signer of Signature Version 4 does for the call itself; here it is the one of the AWS SDK for JavaScript.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { Sha256 } from '@aws-crypto/sha256-js'
import { HttpRequest } from '@smithy/protocol-http'
import { SignatureV4 } from '@smithy/signature-v4'

const { env } = process
const port = Number(env.PORT ?? 9000)
const endpoint = new URL('/v1/authorize', env.ROLEGATE_ENDPOINT)
const signer = new SignatureV4({
  service: 'rolegate',
  region: 'us-east-1',
  sha256: Sha256,
  credentials: {
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    // Of a role session only; such credentials end, so a server that runs for longer takes new ones.
    sessionToken: env.AWS_SESSION_TOKEN,
  },
})

async function authorize(question) {
  const body = JSON.stringify(question)
  const { headers } = await signer.sign(
    new HttpRequest({
      method: 'POST',
      hostname: endpoint.hostname,
      path: endpoint.pathname,
      headers: { host: endpoint.host, 'content-type': 'application/json' },
      body,
    }),
  )
  const response = await fetch(endpoint, { method: 'POST', headers, body })
  if (!response.ok) throw new Error(`Rolegate: ${response.status} ${await response.text()}`)
  return response.json()
}

async function answer(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const [path, query = ''] = request.url.split('?', 2)
  const headers = []
  for (let i = 0; i < request.rawHeaders.length; i += 2)
    headers.push([request.rawHeaders[i], request.rawHeaders[i + 1]])
  const verdict = await authorize({
    service: 'reports',
    hosts: [env.HOST ?? `127.0.0.1:${port}`],
    request: {
      method: request.method,
      path,
      query,
      headers,
      payloadHash: createHash('sha256').update(Buffer.concat(chunks)).digest('hex'),
    },
    sourceIp: request.socket.remoteAddress,
    // The list page needs to know three things at once.
    questions: ['Read', 'Write', 'Delete'].map((verb) => ({
      action: `reports:${verb}`,
      resource: `arn:aws:reports::012345678901:${path.slice(1)}`,
    })),
  })
  if (!verdict.authenticated) return [401, verdict]
  const [read, write, remove] = verdict.decisions.map(({ decision }) => decision === 'allowed')
  return [read ? 200 : 403, { you: verdict.identity.arn, read, write, remove }]
}

createServer((request, response) => {
  void answer(request)
    .catch((cause) => {
      console.error(cause.message)
      return [503, { message: 'try again' }]
    })
    .then(([status, body]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
    )
}).listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`))
