import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import type { IdentityProvider } from '../../src/federation/assertion.js'
import { adaPassword, portalHost, redirectProvider, type PortalHost } from './portal-host.js'
import { form, signedIn, visitor, type Visitor } from './visitor.js'

const leave = (state: string) => new URL(`https://idp.example.test/sso?state=${state}`)
const broken: IdentityProvider = {
  name: 'directory',
  kind: 'ldap',
  displayName: 'Company directory',
  arnResource: 'ldap-provider/directory',
  password: {
    authenticate: () =>
      Promise.reject(
        new Fault('ProviderUnavailable', 'the directory cannot be asked', {
          reason: 'ldap:connect',
          cause: new Error('connect ECONNREFUSED 10.0.0.1'),
        }),
      ),
  },
  close: async () => undefined,
}
const refusing = redirectProvider('refusing', leave, {
  redirect: {
    begin: () => redirectProvider('refusing', leave).redirect!.begin(),
    complete: () => Promise.reject(new Fault('InvalidAssertion', 'no', { reason: 'saml:audience' })),
  },
})

let host: PortalHost
beforeAll(async () => {
  host = await portalHost({
    providers: () => [
      redirectProvider('corp', leave),
      redirectProvider('formal', leave, { asForm: true, metadata: () => '<EntityDescriptor/>' }),
      refusing,
      broken,
    ],
  })
})
afterAll(() => host.close())

async function lastEvent() {
  return (await host.audit.events()).at(-1)!
}

function stateOf(location: string): string {
  return new URL(location).searchParams.get('state')!
}

/** An answer with the shape of one, as the provider's page posts it. */
function posted(who: Visitor, source: string, state: string) {
  const fields = { SAMLResponse: Buffer.from('<Response/>').toString('base64'), RelayState: state }
  return who.postRaw(`/signin/${source}/callback`, new URLSearchParams(fields).toString(), {
    'content-type': form,
    origin: 'https://idp.example.test',
  })
}

describe('the sign-in page', () => {
  it('offers every source: links for those elsewhere, forms for passwords', async () => {
    const { text } = await visitor(host, host.url).get('/signin')
    expect(text).toContain('href="/signin/corp"')
    expect(text).toContain('action="/signin/local"')
    expect(text).toContain('action="/signin/directory"')
    expect(text).toContain('Sign in to Example Cloud')
  })

  it('is where everybody signed out ends, with the way back', async () => {
    const { status, headers } = await visitor(host, host.url).get('/switchrole?account=1&roleName=A')
    expect(status).toBe(303)
    expect(headers['location']).toBe('/signin?next=%2Fswitchrole%3Faccount%3D1%26roleName%3DA')
  })

  it('carries a local path and drops any other', async () => {
    const page = (next: string) => visitor(host, host.url).get(`/signin?next=${encodeURIComponent(next)}`)
    expect((await page('/device?user_code=ABCD-EFGH')).text).toContain(
      'name="next" value="/device?user_code=ABCD-EFGH"',
    )
    expect((await page('//evil.example')).text).not.toContain('evil')
  })
})

describe('signing in with a password', () => {
  it('records it, then lets the person in under a new cookie', async () => {
    const ada = visitor(host, host.url)
    ada.setCookie('rolegate-session', 'a'.repeat(43))
    const { status, headers } = await ada.post('/signin/local', { username: 'ada', password: adaPassword })
    expect([status, headers['location']]).toEqual([303, '/accounts'])
    expect(ada.cookie('rolegate-session')).not.toBe('a'.repeat(43))
    expect(await lastEvent()).toMatchObject({
      eventName: 'ConsoleLogin',
      eventSource: 'signin.amazonaws.com',
      eventType: 'AwsConsoleSignIn',
      requestID: headers['x-amzn-requestid'],
      userIdentity: { type: 'LocalUser', userName: 'ada' },
      responseElements: { ConsoleLogin: 'Success' },
      additionalEventData: { provider: 'local', MFAUsed: 'No' },
    })
    expect((await ada.get('/accounts')).text).toContain('Sandbox')
  })

  it('goes on to where the person was going', async () => {
    const fields = { username: 'ada', password: adaPassword, next: '/switchrole?account=1&roleName=A' }
    const { headers } = await visitor(host, host.url).post('/signin/local', fields)
    expect(headers['location']).toBe('/switchrole?account=1&roleName=A')
  })

  it('stays here when a link wants to lead elsewhere, and says so in the record', async () => {
    for (const next of [
      '//evil.example',
      'https://evil.example/',
      '/\\\\evil.example',
      'javascript:alert(1)',
    ]) {
      const fields = { username: 'ada', password: adaPassword, next }
      const { headers } = await visitor(host, host.url).post('/signin/local', fields)
      expect(headers['location']).toBe('/accounts')
      const events = await host.audit.events()
      expect(events.findLast(({ eventName }) => eventName === 'RequestRefused')).toMatchObject({
        requestID: headers['x-amzn-requestid'],
        additionalEventData: { reason: 'web:redirect-refused' },
      })
    }
  })

  it('answers a wrong password and an unknown user with the same page', async () => {
    const wrong = await visitor(host, host.url).post('/signin/local', { username: 'ada', password: 'wrong' })
    const unknown = await visitor(host, host.url).post('/signin/local', {
      username: 'bob',
      password: 'wrong',
    })
    const same = (text: string) =>
      text.replaceAll(/value="(ada|bob)"|<code>[^<]+<\/code>|data-now="[^"]*"/g, '')
    expect([wrong.status, unknown.status]).toEqual([403, 403])
    expect(same(wrong.text)).toBe(same(unknown.text))
    expect(wrong.text).toContain('The user name or the password is wrong.')
    expect(wrong.headers['set-cookie']).toBeUndefined()
  })

  it('names in the record whose password was guessed, when the account is ours', async () => {
    for (const username of ['ada', ' ADA ']) {
      await visitor(host, host.url).post('/signin/local', { username, password: 'wrong' })
      const failure = await lastEvent()
      expect(failure).toMatchObject({
        errorCode: 'ProviderRejected',
        responseElements: { ConsoleLogin: 'Failure' },
        userIdentity: { type: 'LocalUser', userName: 'ada' },
        additionalEventData: { provider: 'local', reason: 'web:password' },
      })
      expect(failure.additionalEventData).not.toHaveProperty('userNameDigest')
    }
  })

  it('tells guesses at one unknown name from guesses at many by a digest', async () => {
    const recorded = async (provider: string, username: string) => {
      await visitor(host, host.url).post(`/signin/${provider}`, { username, password: 'wrong' })
      const { userIdentity, additionalEventData } = await lastEvent()
      expect(userIdentity).toEqual({ type: 'Unknown', userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' })
      return additionalEventData!['userNameDigest']
    }
    const bob = await recorded('local', 'Bob ')
    expect(bob).toMatch(/^[0-9a-f]{16}$/)
    expect(await recorded('local', 'bob')).toBe(bob)
    expect(await recorded('local', 'bobby')).not.toBe(bob)
    // Keyed: nobody can try names, or passwords typed into the wrong field, against the record.
    expect(bob).not.toBe(createHash('sha256').update('local/bob').digest('hex').slice(0, 16))
    // A directory keeps its accounts itself, so its people are digests too.
    expect(await recorded('directory', 'ada')).toMatch(/^[0-9a-f]{16}$/)
  })

  it('never puts a password or a typed name into the record', async () => {
    const marked = { username: 'marked-user-7c1', password: 'marked-password-9d2' }
    await visitor(host, host.url).post('/signin/local', marked)
    expect(await host.audit.text()).not.toMatch(/marked-/)
    expect(JSON.stringify(host.log.lines)).not.toMatch(/marked-/)
  })

  it('says which source is unavailable and keeps the cause in the record', async () => {
    const { status, text } = await visitor(host, host.url).post('/signin/directory', {
      username: 'ada',
      password: 'x',
    })
    expect(status).toBe(503)
    expect(text).toContain('Company directory cannot be reached right now. Other ways to sign in still work.')
    expect(text).not.toContain('ECONNREFUSED')
    expect(await lastEvent()).toMatchObject({
      additionalEventData: { provider: 'directory', reason: 'ldap:connect' },
    })
    expect(host.log.lines.at(-1)).toMatchObject({ event: 'portal.sign-in.failed' })
  })

  it('refuses a form that another site sends', async () => {
    const body = new URLSearchParams({ username: 'ada', password: adaPassword }).toString()
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: host.url, 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site' },
      {},
    ]) {
      const sent = await visitor(host, host.url).postRaw('/signin/local', body, {
        'content-type': form,
        ...headers,
      })
      expect(sent.status).toBe(403)
      expect(sent.headers['set-cookie']).toBeUndefined()
    }
  })

  it('is not possible by GET', async () => {
    const { status, headers } = await visitor(host, host.url).get(
      `/signin/local?username=ada&password=${adaPassword}`,
    )
    expect(status).toBe(200)
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('answers a source that does not exist with a page', async () => {
    for (const path of ['/signin/nobody', '/signin/__proto__', '/signin/nobody/callback?state=1']) {
      expect((await visitor(host, host.url).get(path)).status).toBe(404)
    }
  })
})

describe('guessing passwords', () => {
  it('ends after a few attempts, with the time to wait, in the record too', async () => {
    const guessed = await portalHost()
    try {
      const stranger = visitor(guessed, guessed.url)
      const statuses: number[] = []
      for (let guess = 0; guess < 6; guess += 1) {
        statuses.push(
          (await stranger.post('/signin/local', { username: 'ada', password: `guess${guess}` })).status,
        )
      }
      expect(statuses).toEqual([403, 403, 403, 403, 403, 429])
      const { status, headers, text } = await stranger.post('/signin/local', {
        username: 'ADA ',
        password: adaPassword,
      })
      expect(status).toBe(429)
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
      expect(text).toContain('Too many attempts')
      expect((await guessed.audit.events()).at(-1)).toMatchObject({
        errorCode: 'Throttled',
        userIdentity: { type: 'LocalUser', userName: 'ada' },
        additionalEventData: { reason: 'web:throttled' },
      })
    } finally {
      await guessed.close()
    }
  })
})

describe('signing in elsewhere', () => {
  it('leaves with a cookie, comes back to a session, and to where the person was going', async () => {
    const ada = visitor(host, host.url)
    const away = await ada.get('/signin/corp?next=%2Fsession')
    expect(away.status).toBe(303)
    const back = await ada.get(`/signin/corp/callback?state=${stateOf(away.headers['location']!)}&user=ada`)
    expect([back.status, back.headers['location']]).toEqual([303, '/session'])
    expect((await ada.get('/session')).text).toContain('Ada Lovelace')
    expect(await lastEvent()).toMatchObject({
      userIdentity: { type: 'SAMLUser' },
      responseElements: { ConsoleLogin: 'Success' },
    })
  })

  it('takes an answer posted from the other site, which carries no session and no token', async () => {
    const ada = visitor(host, host.url)
    const state = stateOf((await ada.get('/signin/corp')).headers['location']!)
    const back = await ada.postRaw('/signin/corp/callback', `SAMLResponse=x&RelayState=${state}&user=ada`, {
      'content-type': form,
      origin: 'https://idp.example.test',
      'sec-fetch-site': 'cross-site',
    })
    expect(back.status).toBe(303)
  })

  it('ends the session of the browser it replaces, though the answer did not carry its cookie', async () => {
    const ada = await signedIn(host)
    const before = ada.cookie('rolegate-session')!
    const state = stateOf((await ada.get('/signin/corp')).headers['location']!)
    await ada.get(`/signin/corp/callback?state=${state}`)
    expect(await host.sessions.find(before)).toBeUndefined()
    expect(await host.sessions.find(ada.cookie('rolegate-session')!)).toBeDefined()
  })

  it.each([
    ['an invented state', 'invented'],
    ['an overlong state', 'x'.repeat(8000)],
  ])('refuses an answer with %s', async (_name, state) => {
    const answer = await posted(visitor(host, host.url), 'corp', state)
    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(await lastEvent()).toMatchObject({
      responseElements: { ConsoleLogin: 'Failure' },
      additionalEventData: { reason: 'saml:state' },
    })
  })

  it('refuses the answer in another browser, on another source, and a second time', async () => {
    const ada = visitor(host, host.url)
    const state = stateOf((await ada.get('/signin/corp')).headers['location']!)
    expect((await posted(visitor(host, host.url), 'corp', state)).status).toBe(403)
    expect((await posted(ada, 'corp', state)).status).toBe(303)
    expect((await posted(ada, 'corp', state)).status).toBe(403)
    const other = stateOf((await ada.get('/signin/corp')).headers['location']!)
    expect((await posted(ada, 'formal', other)).status).toBe(403)
  })

  it('lets two tabs travel at once', async () => {
    const ada = visitor(host, host.url)
    const one = stateOf((await ada.get('/signin/corp?next=%2Fsession')).headers['location']!)
    const two = stateOf((await ada.get('/signin/corp?next=%2Fdevice')).headers['location']!)
    expect((await ada.get(`/signin/corp/callback?state=${one}`)).headers['location']).toBe('/session')
    expect((await ada.get(`/signin/corp/callback?state=${two}`)).headers['location']).toBe('/device')
  })

  it('does not collect the cookies of journeys that never came back', async () => {
    const ada = visitor(host, host.url)
    const states: string[] = []
    for (let tries = 0; tries < 12; tries += 1)
      states.push(stateOf((await ada.get('/signin/corp')).headers['location']!))
    const kept = await Promise.all(states.map((state) => posted(ada, 'corp', state)))
    expect(kept.filter(({ status }) => status === 303).length).toBeLessThanOrEqual(5)
    expect(kept.at(-1)!.status).toBe(303)
  })

  it('tells a refused proof in words, and keeps the reason inside', async () => {
    const ada = visitor(host, host.url)
    const state = stateOf((await ada.get('/signin/refusing')).headers['location']!)
    const { status, text, headers } = await ada.get(`/signin/refusing/callback?state=${state}`)
    expect(status).toBe(403)
    expect(text).toContain('did not confirm this sign-in')
    expect(text).toContain(headers['x-amzn-requestid'])
    expect(text).not.toContain('saml:audience')
    expect(await lastEvent()).toMatchObject({ additionalEventData: { reason: 'saml:audience' } })
  })

  it('sends a form where the source wants one, to that source only', async () => {
    const { text, headers } = await visitor(host, host.url).get('/signin/formal')
    expect(text).toContain('action="https://idp.example.test/sso?state=')
    expect(text).toContain('name="SAMLRequest" value="request"')
    expect(headers['content-security-policy']).toContain("form-action 'self' https:;")
  })

  it('serves the metadata of a SAML source', async () => {
    const { status, headers, text } = await visitor(host, host.url).get('/signin/formal/metadata')
    expect([status, headers['content-type'], text]).toEqual([
      200,
      'application/samlmetadata+xml; charset=utf-8',
      '<EntityDescriptor/>',
    ])
    expect((await visitor(host, host.url).get('/signin/corp/metadata')).status).toBe(404)
  })
})

describe('a sign-in that cannot be recorded', () => {
  it('does not happen, whatever the source', async () => {
    const unrecorded = await portalHost({
      providers: () => [redirectProvider('corp', leave)],
      auditThrough: (audit) => ({
        ...audit,
        record: () => Promise.reject(new Fault('AuditUnavailable', 'the record cannot be written')),
      }),
    })
    try {
      const ada = visitor(unrecorded, unrecorded.url)
      const byPassword = await ada.post('/signin/local', { username: 'ada', password: adaPassword })
      expect(byPassword.status).toBe(503)
      expect(byPassword.headers['set-cookie']).toBeUndefined()
      const state = stateOf((await ada.get('/signin/corp')).headers['location']!)
      const byRedirect = await ada.get(`/signin/corp/callback?state=${state}`)
      expect(byRedirect.status).toBe(503)
      expect(ada.cookie('rolegate-session')).toBeUndefined()
    } finally {
      await unrecorded.close()
    }
  })
})

describe('signing out', () => {
  it('ends the session on the server and is recorded', async () => {
    const ada = await signedIn(host)
    const cookie = ada.cookie('rolegate-session')!
    const { status, headers } = await ada.post('/signout')
    expect([status, headers['location']]).toEqual([303, '/signin?notice=signed-out'])
    expect(headers['clear-site-data']).toBe('"cache", "storage"')
    expect(await host.sessions.find(cookie)).toBeUndefined()
    expect(await lastEvent()).toMatchObject({ eventName: 'Logout', userIdentity: { userName: 'ada' } })
    ada.setCookie('rolegate-session', cookie)
    expect((await ada.get('/accounts')).headers['location']).toBe('/signin?notice=expired&next=%2Faccounts')
  })

  it("is not possible by GET, without the token, or with another session's", async () => {
    const ada = await signedIn(host)
    expect((await ada.get('/signout')).status).toBe(405)
    expect((await ada.post('/signout', { csrf: 'x' })).status).toBe(403)
    expect((await ada.post('/signout', { csrf: await (await signedIn(host)).token() })).status).toBe(403)
    expect((await ada.get('/accounts')).status).toBe(200)
  })
})
