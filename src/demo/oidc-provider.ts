/**
 * A real OpenID provider in the demo's own process, on loopback only, so that sign-in with OpenID Connect can be
 * tried without having one. The `oidc-provider` package speaks the protocol; the page, the people and the check of
 * their passwords are here. Nothing of it runs outside the demo and the tests.
 */
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import type { Log } from '../operation/log.js'
import { demoProviderKeys, signToken, type DemoProviderKeys } from './oidc-provider-keys.js'
import { pageHeaders, signInPage } from './oidc-provider-page.js'
import { authenticationOf, claimsOf, multiFactorContext, personWith } from './oidc-provider-person.js'
import type { DemoPerson } from './people.js'

export interface DemoOidcProviderSettings {
  /** 0 chooses a free one. */
  readonly port: number
  readonly dataDirectory: string
  readonly people: readonly DemoPerson[]
  readonly clientId: string
  readonly clientSecret: string
  readonly redirectUri: string
  readonly log: Log
}

export interface DemoOidcProvider {
  /** `http://127.0.0.1:<port>` */
  readonly issuer: string
  /**
   * Demo only: `POST` a form with `username`, `password` and `audience` here and get a signed JWT as plain text, as a
   * workload gets one from its platform, for AssumeRoleWithWebIdentity.
   */
  readonly tokenForCurlUrl: string
  close(): Promise<void>
}

const maximumForm = 4_096
const tokenSeconds = 3_600

/** Rejects when the port is taken, or with a sentence to show when the package is not installed. */
export async function startDemoOidcProvider(settings: DemoOidcProviderSettings): Promise<DemoOidcProvider> {
  const restore = silenceNotices()
  try {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(settings.port, '127.0.0.1', resolve)
    })
    const address = server.address()
    const issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : settings.port}`
    try {
      const keys = demoProviderKeys(settings.dataDirectory)
      const provider = await createProvider(issuer, settings, keys)
      const answer = createAnswer(issuer, provider, settings, keys)
      server.on('request', (request, response) => void answer(request, response))
    } catch (error) {
      server.close()
      throw error
    }
    return {
      issuer,
      tokenForCurlUrl: `${issuer}/token-for-curl`,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve())
          server.closeAllConnections()
        }),
    }
  } finally {
    restore()
  }
}

async function createProvider(
  issuer: string,
  settings: DemoOidcProviderSettings,
  keys: DemoProviderKeys,
): Promise<Provider> {
  const { Provider } = await importPackage()
  const person = (username: string): DemoPerson | undefined =>
    settings.people.find((each) => each.username === username)

  const configuration: Configuration = {
    jwks: {
      keys: [
        {
          ...keys.signingKey.export({ format: 'jwk' }),
          kty: 'RSA',
          kid: keys.keyId,
          alg: 'RS256',
          use: 'sig',
        },
      ],
    },
    clients: [
      {
        client_id: settings.clientId,
        client_secret: settings.clientSecret,
        redirect_uris: [settings.redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    acrValues: [multiFactorContext],
    claims: {
      openid: ['sub', 'amr', 'acr', 'auth_time'],
      profile: ['name', 'preferred_username', 'department', 'groups'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    scopes: ['openid'],
    conformIdTokenClaims: false,
    cookies: { keys: [keys.cookieKey] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      Grant: 3_600,
      IdToken: 300,
      Interaction: 600,
      Session: 3_600,
    },
    interactions: { url: (_context, interaction) => `/sign-in/${interaction.uid}` },
    findAccount: (_context, username) => {
      const found = person(username)
      return found && { accountId: username, claims: () => ({ ...claimsOf(found), sub: username }) }
    },
    loadExistingGrant: consent,
    renderError: (context, out) => {
      context.type = 'text/plain'
      context.body = `${out.error}\n`
    },
  }
  const provider = new Provider(issuer, configuration)
  provider.on('server_error', (_context, error) => settings.log.error('demo.oidc-provider', { cause: error }))
  return provider
}

/** The only client is ours, so nobody is asked what it may know. */
async function consent(context: KoaContextWithOIDC): Promise<InstanceType<Provider['Grant']>> {
  const { oidc } = context
  const grant = new oidc.provider.Grant({
    ...(oidc.client ? { clientId: oidc.client.clientId } : {}),
    ...(oidc.session?.accountId === undefined ? {} : { accountId: oidc.session.accountId }),
  })
  grant.addOIDCScope('openid profile email groups')
  await grant.save()
  return grant
}

function createAnswer(
  issuer: string,
  provider: Provider,
  settings: DemoOidcProviderSettings,
  keys: DemoProviderKeys,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const speakProtocol = provider.callback()
  const returnTo = new URL(settings.redirectUri).origin

  const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Finds the sign-in by the browser's cookie, and so refuses one that another browser began.
    const { uid } = await provider.interactionDetails(request, response)
    const form = request.method === 'POST' ? await readForm(request) : undefined
    const found = form && personWith(settings.people, form.get('username') ?? '', form.get('password') ?? '')
    if (found) {
      const login = { accountId: found.username, remember: false, ...authenticationOf(found) }
      await provider.interactionFinished(request, response, { login })
      return
    }
    response.writeHead(form ? 401 : 200, pageHeaders(returnTo))
    response.end(signInPage(`/sign-in/${uid}`, form !== undefined))
  }

  const tokenForCurl = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const form = request.method === 'POST' ? await readForm(request) : new URLSearchParams()
    const found = personWith(settings.people, form.get('username') ?? '', form.get('password') ?? '')
    const audience = form.get('audience') ?? ''
    if (!found || !/^[\x21-\x7e]{1,255}$/.test(audience)) {
      const hint = 'POST a form with the username and password of a demo person and an audience'
      respond(response, found || request.method !== 'POST' ? 400 : 401, `${hint}\n`)
      return
    }
    const now = Math.floor(Date.now() / 1000)
    const times = { iat: now, exp: now + tokenSeconds, auth_time: now, jti: randomUUID() }
    const claims = { iss: issuer, aud: audience, ...times, ...claimsOf(found), ...authenticationOf(found) }
    respond(response, 200, `${signToken(keys, claims)}\n`)
  }

  return async (request, response) => {
    try {
      // A page elsewhere that points its own host name at 127.0.0.1 must not get through (DNS rebinding).
      if (`http://${request.headers.host}` !== issuer)
        respond(response, 421, 'this is the demo OpenID provider\n')
      else if (request.url?.startsWith('/sign-in/')) await signIn(request, response)
      else if (request.url === '/token-for-curl') await tokenForCurl(request, response)
      else {
        forgetSession(request, provider.cookieName('session'))
        await speakProtocol(request, response)
      }
    } catch (cause) {
      settings.log.warn('demo.oidc-provider', { error: String(cause) })
      if (!response.headersSent) respond(response, 400, 'this sign-in is over; begin again\n')
      else response.destroy()
    }
  }
}

// Otherwise whoever signs out of Rolegate to become somebody else would come back as the same person.
function forgetSession(request: IncomingMessage, cookieName: string): void {
  const cookies = (request.headers.cookie ?? '').split(/; */)
  request.headers.cookie = cookies
    .filter((cookie) => !cookie.startsWith(`${cookieName}=`) && !cookie.startsWith(`${cookieName}.sig=`))
    .join('; ')
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(text)
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maximumForm) throw new Error('form is too long')
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

async function importPackage(): Promise<typeof import('oidc-provider')> {
  try {
    return await import('oidc-provider')
  } catch (cause) {
    const message = 'the demo needs the `oidc-provider` package: run `npm ci` without `--omit=dev`'
    throw new Error(message, { cause })
  }
}

// The package prints advice for production to the console when it is loaded and built; a demo has no use for it.
function silenceNotices(): () => void {
  const { info, warn } = console
  const filter =
    (print: typeof console.warn): typeof console.warn =>
    (...all) => {
      if (!String(all[0]).includes('oidc-provider ')) print(...all)
    }
  console.info = filter(info)
  console.warn = filter(warn)
  return () => Object.assign(console, { info, warn })
}
