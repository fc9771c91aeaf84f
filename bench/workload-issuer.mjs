/**
 * A small OpenID issuer for the benchmark's first credentials: discovery, one key, and tokens that it signs. With it
 * the benchmark starts where a workload starts, at AssumeRoleWithWebIdentity.
 */
import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer } from 'node:http'

const keyId = 'bench'

export async function startWorkloadIssuer() {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const server = createServer((request, response) => {
    const documents = { '/.well-known/openid-configuration': discovery, '/jwks': jwks }
    const document = documents[request.url]
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(document ?? {}))
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${server.address().port}`
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'ES256', use: 'sig' }] }
  const discovery = {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  }

  return {
    issuer,
    token(subject) {
      const now = Math.floor(Date.now() / 1000)
      const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const claims = { iss: issuer, sub: subject, aud: 'sts.amazonaws.com', iat: now, exp: now + 600 }
      const text = `${part({ alg: 'ES256', kid: keyId, typ: 'JWT' })}.${part(claims)}`
      const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' })
      return `${text}.${signature.toString('base64url')}`
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}
