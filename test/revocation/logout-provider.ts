/** A real OpenID provider of other people's making that tells its clients when somebody signs out. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface LogoutProvider {
  readonly issuer: string
  /** Rejects unless the client answers 200 or 204. */
  signedOut(subject: string, providerSession?: string): Promise<void>
  close(): Promise<void>
}

/** What of its client model is used here; the package has no types for it. */
interface ToldClient {
  backchannelLogoutSessionRequired: boolean
  backchannelLogout(subject: string, sid: string | undefined): Promise<void>
}

export async function startLogoutProvider(logoutUri: string): Promise<LogoutProvider> {
  const { Provider } = await import('oidc-provider')
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kty: 'RSA', kid: 'k', alg: 'RS256', use: 'sig' }] }, // prettier-ignore
    clients: [
      {
        client_id: 'rolegate',
        client_secret: 'not-used-for-logout-at-all-0123456789',
        redirect_uris: ['http://127.0.0.1:8080/signin/corp/callback'],
        backchannel_logout_uri: logoutUri,
      },
    ],
    cookies: { keys: ['only for this test'] },
    features: { devInteractions: { enabled: false }, backchannelLogout: { enabled: true } },
  })
  const answer = provider.callback()
  server.on('request', (request, response) => void answer(request, response))
  return {
    issuer,
    async signedOut(subject, providerSession) {
      const client = (await provider.Client.find('rolegate')) as unknown as ToldClient
      client.backchannelLogoutSessionRequired = providerSession !== undefined
      await client.backchannelLogout(subject, providerSession)
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
