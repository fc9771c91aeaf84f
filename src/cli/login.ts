/**
 * `rolegate login`: authorization code with PKCE through the browser on this machine (RFC 8252), or a device code
 * (RFC 8628) where there is none.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Api } from './api.js'
import { receiveCallback } from './callback-listener.js'
import { forgetLogin, loginFrom, saveLogin } from './login-cache.js'
import { saveServer } from './places.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

export interface LoginOptions {
  readonly deviceCode: boolean
  readonly browser: boolean
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

export async function login(terminal: Terminal, api: Api, options: LoginOptions): Promise<void> {
  const client = await register(api)
  const tokens = options.deviceCode
    ? await byDeviceCode(terminal, api, client, options)
    : await byBrowser(terminal, api, client, options)
  await forgetLogin(terminal, api.server)
  await saveLogin(terminal, loginFrom(terminal, api.server, { id: randomUUID(), ...client }, tokens))
  await saveServer(terminal, api.server)
  terminal.err(`Logged in at ${api.server}. Next: rolegate roles`)
}

interface RegisteredClient {
  readonly clientId: string
  readonly clientSecret: string
}

async function register(api: Api): Promise<RegisteredClient> {
  const answer = await api.post('/client/register', {
    clientName: 'rolegate command',
    clientType: 'public',
    scopes: ['sso:account:access'],
    redirectUris: ['http://127.0.0.1/oauth/callback'],
    grantTypes: ['authorization_code', deviceGrant, 'refresh_token'],
  })
  if (!answer.ok)
    throw new CommandError(exitCodes.failed, `the server refused to register: ${answer.failure.message}`)
  return answer.value as RegisteredClient
}

async function byBrowser(
  terminal: Terminal,
  api: Api,
  client: RegisteredClient,
  options: LoginOptions,
): Promise<unknown> {
  const verifier = randomBytes(48).toString('base64url')
  const state = randomBytes(24).toString('base64url')
  const listener = await receiveCallback(state)
  try {
    const page = new URL(`${api.server}/authorize`)
    page.search = new URLSearchParams({
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: listener.redirectUri,
      state,
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      scopes: 'sso:account:access',
    }).toString()
    const opened = options.browser && (await terminal.openBrowser(page.href))
    terminal.err(
      opened
        ? 'Waiting for you in the browser. If no page opened, visit:'
        : 'Open this page in a browser on this machine (elsewhere: rolegate login --use-device-code):',
    )
    terminal.err(`  ${page.href}`)
    const callback = await listener.callback
    if ('error' in callback)
      throw new CommandError(exitCodes.denied, `the login was not approved (${callback.error})`)
    const answer = await api.post('/token', {
      ...client,
      grantType: 'authorization_code',
      code: callback.code,
      codeVerifier: verifier,
      redirectUri: listener.redirectUri,
    })
    if (!answer.ok) throw new CommandError(exitCodes.failed, `the login failed: ${answer.failure.message}`)
    return answer.value
  } finally {
    listener.close()
  }
}

async function byDeviceCode(
  terminal: Terminal,
  api: Api,
  client: RegisteredClient,
  options: LoginOptions,
): Promise<unknown> {
  const started = await api.post('/device_authorization', { ...client, startUrl: `${api.server}/start` })
  if (!started.ok) throw new CommandError(exitCodes.failed, `the login failed: ${started.failure.message}`)
  const device = started.value as {
    deviceCode: string
    userCode: string
    verificationUri: string
    expiresIn: number
    interval: number
  }
  terminal.err(`On any device, open ${device.verificationUri} and enter the code:`)
  terminal.err(`  ${device.userCode}`)
  if (options.browser) await terminal.openBrowser(device.verificationUri)
  let interval = device.interval * 1000
  const until = terminal.now().getTime() + device.expiresIn * 1000
  while (terminal.now().getTime() < until) {
    await terminal.wait(interval)
    const answer = await api.post('/token', {
      ...client,
      grantType: deviceGrant,
      deviceCode: device.deviceCode,
    })
    if (answer.ok) return answer.value
    switch (answer.failure.type) {
      case 'AuthorizationPendingException':
        break
      case 'SlowDownException':
        // RFC 8628 §3.5: five seconds more from now on.
        interval += 5000
        break
      case 'AccessDeniedException':
        throw new CommandError(exitCodes.denied, 'the login was denied')
      default:
        throw new CommandError(exitCodes.failed, `the login failed: ${answer.failure.message}`)
    }
  }
  throw new CommandError(exitCodes.failed, 'nobody approved the code in time: run the command again')
}
