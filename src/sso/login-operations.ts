/**
 * How a program obtains a token: RegisterClient, StartDeviceAuthorization, CreateToken.
 * https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/Welcome.html
 */
import { auditEvent, identityOf } from '../audit/build-event.js'
import type { AuditLog } from '../audit/event.js'
import type { SignInRevocations } from '../credentials/revocation.js'
import type { Clock } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import type { WireRequest } from '../http/wire.js'
import { isLoopback, type CodeAuthorizations } from './code-grants.js'
import type { Client, Clients } from './clients.js'
import type { DeviceAuthorizations } from './device-grants.js'
import { SsoError } from './errors.js'
import { parseJsonBody, type JsonBody } from './json-body.js'
import type { Operation } from './sso-room.js'
import { hashOf, type TokenHolder, type Tokens } from './tokens.js'

export interface LoginDeps {
  readonly clients: Clients
  readonly devices: DeviceAuthorizations
  readonly codes: CodeAuthorizations
  readonly tokens: Tokens
  readonly revocations: SignInRevocations
  readonly audit: AuditLog
  readonly now: Clock
  readonly randomUuid: () => string
  readonly settings: () => { readonly publicUrl: string; readonly cliSeconds: number }
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const grantTypes = [deviceGrant, 'authorization_code', 'refresh_token']

export function createLoginOperations(deps: LoginDeps): readonly (readonly [string, Operation])[] {
  return [
    ['POST /client/register', (request) => registerClient(deps, request)],
    ['POST /device_authorization', (request) => startDeviceAuthorization(deps, request)],
    ['POST /token', (request) => createToken(deps, request)],
  ]
}

async function registerClient({ clients, settings }: LoginDeps, request: WireRequest): Promise<unknown> {
  const body = parseJsonBody(request.body)
  const name = body
    .text('clientName')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
    .slice(0, 64)
  // A person is asked to trust it by this name.
  if (name === '') throw new SsoError('InvalidRequestException', '`clientName` has nothing to show')
  if (body.text('clientType') !== 'public') {
    throw new SsoError('InvalidClientMetadataException', '`clientType` must be `public`')
  }
  const redirectUris = body.texts('redirectUris')
  for (const uri of redirectUris) {
    if (!URL.canParse(uri) || !isLoopback(new URL(uri))) {
      throw new SsoError(
        'InvalidRedirectUriException',
        'a redirect address must be http on 127.0.0.1 or [::1]',
      )
    }
  }
  const asked = body.texts('grantTypes')
  for (const grant of asked) {
    if (!grantTypes.includes(grant))
      throw new SsoError('UnsupportedGrantTypeException', `\`${grant}\` is not offered`)
  }
  const registration = clients.register({
    name,
    redirectUris,
    grantTypes: asked.length === 0 ? [deviceGrant, 'refresh_token'] : asked,
    scopes: body.texts('scopes'),
  })
  return {
    clientId: registration.clientId,
    clientSecret: registration.clientSecret,
    clientIdIssuedAt: Math.floor(registration.issuedAt.getTime() / 1000),
    clientSecretExpiresAt: Math.floor(registration.expiresAt.getTime() / 1000),
    authorizationEndpoint: `${settings().publicUrl}/authorize`,
    tokenEndpoint: `${settings().publicUrl}/token`,
  }
}

async function startDeviceAuthorization(deps: LoginDeps, request: WireRequest): Promise<unknown> {
  const body = parseJsonBody(request.body)
  const client = authenticate(deps, body)
  requireGrant(client, deviceGrant)
  body.text('startUrl')
  const started = await deps.devices.start(client, request.origin.sourceIp, client.scopes)
  const page = `${deps.settings().publicUrl}/device`
  return {
    deviceCode: started.deviceCode,
    userCode: started.userCode,
    verificationUri: page,
    verificationUriComplete: `${page}?user_code=${started.userCode}`,
    expiresIn: started.expiresInSeconds,
    interval: started.intervalSeconds,
  }
}

async function createToken(deps: LoginDeps, request: WireRequest): Promise<unknown> {
  const body = parseJsonBody(request.body)
  const client = authenticate(deps, body)
  const grant = body.text('grantType')
  if (grantTypes.includes(grant)) requireGrant(client, grant)
  const holder = await redeem(deps, grant, client, body)
  await deps.audit.record(
    auditEvent({
      now: deps.now(),
      eventID: deps.randomUuid(),
      origin: request.origin,
      eventSource: 'sso.amazonaws.com',
      eventName: 'CreateToken',
      eventType: 'AwsServiceEvent',
      userIdentity: identityOf(holder.assertion),
      requestParameters: { grantType: grant, clientName: client.name },
      responseElements: { CreateToken: 'Success' },
      readOnly: false,
    }),
  )
  const refreshable = client.grantTypes.includes('refresh_token')
  const issued = await deps.tokens.issue(holder, { refreshable })
  return {
    accessToken: issued.accessToken,
    tokenType: 'Bearer',
    expiresIn: issued.expiresInSeconds,
    ...(issued.refreshToken === undefined ? {} : { refreshToken: issued.refreshToken }),
  }
}

async function redeem(deps: LoginDeps, grant: string, client: Client, body: JsonBody): Promise<TokenHolder> {
  switch (grant) {
    case deviceGrant:
      return beginLogin(deps, client, await redeemDevice(deps, client, body.text('deviceCode')))
    case 'authorization_code': {
      const assertion = await deps.codes.redeem(client, {
        code: body.text('code'),
        codeVerifier: body.text('codeVerifier'),
        redirectUri: body.text('redirectUri'),
      })
      if (assertion === undefined)
        throw new SsoError('InvalidGrantException', 'the code is unknown, used or not yours')
      return beginLogin(deps, client, assertion)
    }
    case 'refresh_token': {
      const holder = await deps.tokens.redeem(body.text('refreshToken'))
      if (holder === undefined || holder.client !== hashOf(client.id)) {
        throw new SsoError('InvalidGrantException', 'the refresh token is unknown, used or expired')
      }
      return holder
    }
    default:
      throw new SsoError('UnsupportedGrantTypeException', 'this grant type is not offered')
  }
}

async function redeemDevice(deps: LoginDeps, client: Client, deviceCode: string): Promise<Assertion> {
  const poll = await deps.devices.poll(client, deviceCode)
  switch (poll.status) {
    case 'approved':
      return poll.assertion
    case 'pending':
      throw new SsoError('AuthorizationPendingException', 'nobody has decided yet')
    case 'slow-down':
      throw new SsoError('SlowDownException', 'asked again too soon')
    case 'denied':
      throw new SsoError('AccessDeniedException', 'the request was denied')
    case 'expired':
      throw new SsoError('ExpiredTokenException', 'the device code is unknown or has expired')
  }
}

/** A login on the command line ends after the configured time, and never after the identity provider's own session. */
function beginLogin(deps: LoginDeps, client: Client, assertion: Assertion): TokenHolder {
  // Approved before the sign-in was revoked, and not used yet.
  if (deps.revocations.endsSignIn(assertion))
    throw new SsoError('InvalidGrantException', 'the sign-in behind this approval was ended')
  const configured = deps.now().getTime() + deps.settings().cliSeconds * 1000
  const loginEndsAt = new Date(Math.min(configured, assertion.sessionEndsAt?.getTime() ?? Infinity))
  return { assertion, loginEndsAt, client: hashOf(client.id) }
}

function authenticate({ clients }: LoginDeps, body: JsonBody): Client {
  return clients.authenticate(body.text('clientId'), body.text('clientSecret'))
}

/** RFC 6749 section 5.2: a program gets only what it registered for. */
function requireGrant(client: Client, grant: string): void {
  if (!client.grantTypes.includes(grant))
    throw new SsoError('UnauthorizedClientException', 'the client did not register for this grant type')
}
