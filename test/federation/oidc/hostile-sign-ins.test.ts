import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Assertion, IdentityProvider } from '../../../src/federation/assertion.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { testClock } from '../../support/clock.js'
import { oidcSettings } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'
import {
  json,
  startHostileIssuer,
  type HostileIssuer,
  type Members,
  type TokenParts,
} from './hostile-issuer.js'
import { fill, fillText, type Values } from './placeholders.js'

interface Answer {
  readonly status?: number
  readonly body?: unknown
  readonly text?: string
  readonly type?: string
  readonly location?: string
  readonly silent?: boolean
}

interface Row extends TokenParts {
  readonly id: string
  readonly name: string
  readonly method?: 'POST'
  /** What the browser brings back; default is a good one. */
  readonly query?: string
  readonly discovery?: Members
  readonly token?: Answer
  readonly userinfo?: Answer
  readonly code?: string
  readonly reason: string
}

const rows = JSON.parse(
  readFileSync(new URL('fixtures/hostile-sign-ins.json', import.meta.url), 'utf8'),
) as readonly Row[]

const clock = testClock()
const seconds = Math.floor(clock.now().getTime() / 1000)
const redirectUri = 'http://127.0.0.1:8080/signin/corp/callback'

describe('sign-in at a provider that misbehaves', () => {
  let issuer: HostileIssuer
  let provider: IdentityProvider
  beforeEach(async () => {
    issuer = await startHostileIssuer(clock.now)
    const client = {
      id: 'rolegate',
      secret: 'published secret',
      redirectUri,
      scopes: ['openid'],
      userinfo: true,
    }
    const settings = oidcSettings(issuer.issuer, { client, timeoutMs: 300 })
    provider = createOidcProvider(settings, { now: clock.now, log: keptLog() })
  })
  afterEach(async () => {
    await provider.close()
    await issuer.close()
  })

  it('succeeds when everything is right, and sends the verifier of its own challenge', async () => {
    const { assertion, tokenRequest, location } = await signIn({ claims: { at_hash: halfHash('access') } })

    expect(assertion).toMatchObject({ subject: 'ada', audience: 'rolegate', displayName: 'Ada Lovelace' })
    expect(location.searchParams.get('code_challenge_method')).toBe('S256')
    expect(location.searchParams.get('redirect_uri')).toBe(redirectUri)
    const verifier = new URLSearchParams(tokenRequest).get('code_verifier') ?? ''
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(
      location.searchParams.get('code_challenge'),
    )
  })

  it.each(rows.map((row) => [`${row.id} ${row.name}`, row] as const))('%s', async (_title, row) => {
    const code = row.code ?? 'InvalidAssertion'
    await expect(signIn(row)).rejects.toMatchObject({ name: 'Fault', code, reason: row.reason })
  })

  it('keeps tokens and what the provider wrote out of the words for the person', async () => {
    const query = 'error=access_denied&error_description=%3Cscript%3E%0Aforged&state=$state'
    const fault: unknown = await signIn({ query }).catch((error: unknown) => error)

    expect(fault).toMatchObject({ message: 'the identity provider did not sign you in' })
    expect(fault).toMatchObject({ cause: { message: 'access_denied: <script>?forged' } })
  })

  async function signIn(
    row: Partial<Row>,
  ): Promise<{ readonly assertion: Assertion; readonly tokenRequest: string; readonly location: URL }> {
    issuer.discovery = absentWhenNull(row.discovery ?? {})
    let tokenRequest = ''
    let values: Values = { issuer: issuer.issuer }
    issuer.routes.set('/token', (_request, response, body) => {
      tokenRequest = body
      const good = { access_token: 'access', token_type: 'Bearer', id_token: idToken(row, values) }
      answer(response, row.token ?? { body: good })
    })
    issuer.routes.set('/userinfo', (_request, response) =>
      answer(response, row.userinfo ?? { body: { sub: 'ada', name: 'Ada Lovelace' } }),
    )

    const { departure, pending } = await provider.redirect!.begin()
    if (departure.type !== 'redirect') throw new Error('not a redirect')
    const { location } = departure
    const sent = (name: string): string => location.searchParams.get(name) ?? ''
    values = { ...values, state: sent('state'), nonce: sent('nonce'), long: 'x'.repeat(9_000) }
    const rawQuery = fillText(row.query ?? 'code=c0de&state=$state', seconds, values)
    const arrival = { method: row.method ?? ('GET' as const), rawQuery, rawBody: '' }
    const assertion = await provider.redirect!.complete(arrival, pending)
    return { assertion, tokenRequest, location }
  }

  function idToken(row: Partial<Row>, values: Values): string {
    const claims = { aud: 'rolegate', sub: 'ada', nonce: values.nonce, ...row.claims }
    return issuer.sign({
      ...row,
      claims: fill(claims, seconds, values) as Members,
      ...(row.payload === undefined ? {} : { payload: fillText(row.payload, seconds, values) }),
    })
  }
})

function answer(
  response: ServerResponse,
  { status = 200, body, text, type, location, silent }: Answer,
): void {
  if (silent) return
  if (text === undefined && location === undefined) return json(response, body, status)
  const headers = {
    'content-type': type ?? 'application/json',
    ...(location === undefined ? {} : { location }),
  }
  response.writeHead(status, headers).end(text === '$huge' ? ' '.repeat(1_000_000) : text)
}

function absentWhenNull(members: Members): Members {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, value ?? undefined]))
}

function halfHash(text: string): string {
  return createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')
}
