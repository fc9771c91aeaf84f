// A service that speaks OpenID Connect and nothing else: takes tokens of GetWebIdentityToken as bearer tokens.
//
//   npm install jose
//   ISSUER=https://rolegate.example.com/tokens/012345678901 AUDIENCE=https://reports.example.com node jwt.mjs
import { createServer } from 'node:http'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const { ISSUER: issuer, AUDIENCE: audience, PORT = '9000' } = process.env
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
/** Who may read: principals, named exactly. */
const readers = new Set(['arn:aws:iam::012345678901:role/Reader'])

async function answer({ headers }) {
  const [, token = ''] = /^Bearer (\S+)$/i.exec(headers.authorization ?? '') ?? []
  try {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ['ES384', 'RS256'] })
    return readers.has(payload.sub) ? [200, { you: payload.sub }] : [403, { message: 'not for you' }]
  } catch (cause) {
    // Whoever cannot fetch the keys knows nothing about the token.
    const isToken = ['ERR_JWT', 'ERR_JWS', 'ERR_JWKS_NO_MATCHING_KEY', 'ERR_JOSE'].some((code) =>
      cause.code?.startsWith(code),
    )
    return isToken ? [401, { message: 'no valid token' }] : [503, { message: 'try again' }]
  }
}

createServer((request, response) => {
  void answer(request).then(([status, body]) =>
    response
      .writeHead(status, {
        'content-type': 'application/json',
        ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
      })
      .end(JSON.stringify(body)),
  )
}).listen(Number(PORT), '127.0.0.1', () => console.log(`http://127.0.0.1:${PORT}`))
