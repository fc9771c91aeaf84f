import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:https'
import { selfSignedCertificate } from '../../../src/config/self-signed-certificate.js'
import { createNodeFetch, fetchJson } from '../../../src/federation/oidc/outbound.js'

describe('requests to an https issuer', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificateFor = (host: string): string =>
    selfSignedCertificate({
      privateKey,
      commonName: 'issuer',
      hosts: [host],
      usage: 'tls',
      notBefore: new Date(Date.now() - 3_600_000),
      notAfter: new Date(Date.now() + 3_600_000),
      randomBytes,
    })
  const certificate = certificateFor('127.0.0.1')
  let server: Server
  let url: string

  beforeAll(async () => {
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    server = createServer({ key, cert: certificate }, (request, response) => {
      const location = request.url === '/downgrade' ? url.replace('https:', 'http:') : undefined
      response.writeHead(location === undefined ? 200 : 302, location === undefined ? {} : { location })
      response.end('{"issuer":"x"}')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    url = `https://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const ask = (ca: string | undefined, path = '/'): Promise<unknown> =>
    fetchJson(createNodeFetch(ca), `${url}${path}`, AbortSignal.timeout(2_000))

  it('trust the authority that the operator names', async () => {
    await expect(ask(certificate)).resolves.toEqual({ issuer: 'x' })
  })

  it('do not trust a certificate that nobody vouches for', async () => {
    await expect(ask(undefined)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  it('do not trust a certificate for another name', async () => {
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const other = certificateFor('issuer.example')
    server.setSecureContext({ key, cert: other })
    await expect(ask(other)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    server.setSecureContext({ key, cert: certificate })
  })

  it('are not led away from encryption', async () => {
    await expect(ask(certificate, '/downgrade')).rejects.toThrow('redirect away')
  })
})
