// An Express application whose reports are for whoever signs with Rolegate's credentials and is allowed by policy.
//
//   npm install rolegate express
//   node express.mjs
//
// ROLEGATE_ENDPOINT is set: asks Rolegate, with this server's own credentials. Otherwise it decides by itself, in an
// installation's folders.
import express from 'express'
import { createRemoteVerifier, openLocalVerifier, protect } from 'rolegate'

const { env } = process
const account = env.ACCOUNT ?? '012345678901'
const port = Number(env.PORT ?? 9000)

const verifier =
  env.ROLEGATE_ENDPOINT === undefined
    ? await openLocalVerifier({
        configDirectory: env.ROLEGATE_CONFIG ?? '/config',
        dataDirectory: env.ROLEGATE_DATA ?? '/data',
        certificatesDirectory: env.ROLEGATE_CERTS ?? '/certs',
        account,
        environment: env,
      })
    : createRemoteVerifier({
        endpoint: env.ROLEGATE_ENDPOINT,
        // A function instead of an object is asked for each call: for credentials of a role session, which end.
        credentials: {
          accessKeyId: env.AWS_ACCESS_KEY_ID,
          secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
          sessionToken: env.AWS_SESSION_TOKEN,
        },
      })

const owners = new Map([['2027/may', 'ada']])
/** Express cuts `/reports` off; a path that is encoded in any way names no report of ours. */
const reportOf = ({ path }) => path.slice(1)

const app = express()
app.use(
  '/reports',
  protect({
    verifier,
    service: 'reports',
    hosts: [env.HOST ?? `127.0.0.1:${port}`],
    action: ({ method }) => (method === 'GET' ? 'reports:Read' : 'reports:Write'),
    resource: (request) => `arn:aws:reports::${account}:${reportOf(request)}`,
    context: (request) => ({ 'reports:Owner': owners.get(reportOf(request)) ?? 'nobody' }),
    maxBodyBytes: 65_536,
    onUnavailable: (cause) => console.error('cannot decide:', cause.message),
  }),
)
app.get('/reports/*path', (request, response) => {
  const { identity, sessionTags } = request.rolegate
  response.json({ reader: identity.arn, department: sessionTags.Department ?? null })
})
// The bytes that were signed; a body parser is not needed any more.
app.post('/reports/*path', (request, response) => {
  response.json({ writer: request.rolegate.identity.arn, written: JSON.parse(request.rawBody.toString()) })
})

const server = app.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`))
process.once('SIGTERM', () => server.close(() => void verifier.close()))
