import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import { adaPassword, portalHost, redirectProvider, type PortalHost } from './portal-host.js'
import { form, signedIn, visitor } from './visitor.js'

const leave = (state: string) => new URL(`https://idp.example.test/sso?state=${state}`)
/** Refuses every answer for the reason that is written in it. */
const strict = (name: string, kind: 'saml' | 'oidc') => {
  const usual = redirectProvider(name, leave)
  return {
    ...usual,
    kind,
    redirect: {
      begin: () => usual.redirect!.begin(),
      complete: ({ rawQuery, rawBody }: { readonly rawQuery: string; readonly rawBody: string }) => {
        const reason = new URLSearchParams(`${rawQuery}&${rawBody}`).get('why') ?? 'unexpected'
        return Promise.reject(new Fault('InvalidAssertion', 'not accepted', { reason }))
      },
    },
  }
}

let host: PortalHost
beforeAll(async () => {
  host = await portalHost({ providers: () => [strict('corp', 'saml'), strict('login', 'oidc')] })
})
afterAll(() => host.close())

const json = { accept: 'application/json' }
const base64 = (text: string) => encodeURIComponent(Buffer.from(text, 'latin1').toString('base64'))
const readable = `SAMLResponse=${base64('<samlp:Response/>')}`

async function lastEvent() {
  return (await host.audit.events()).at(-1)!
}

async function begun(source: string) {
  const ada = visitor(host, host.url)
  const state = new URL((await ada.get(`/signin/${source}`)).headers['location']!).searchParams.get('state')!
  return { ada, state }
}

const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
  visitor(host, host.url).postRaw('/signin/corp/callback', body, {
    'content-type': form,
    origin: 'https://idp.example.test',
    ...headers,
  })

describe('an answer that cannot be read', () => {
  it.each([
    ['nothing', '', 'saml:parameter'],
    ['no handle', 'SAMLResponse=AAAA', 'saml:parameter'],
    ['two handles', `${readable}&RelayState=a&RelayState=b`, 'saml:parameter'],
    ['two responses', `${readable}&${readable}&RelayState=a`, 'saml:parameter'],
    ['no response', 'RelayState=a', 'saml:parameter'],
    ['something that is not base64', 'SAMLResponse=%21%21%21&RelayState=a', 'saml:parameter'],
    ['zero bytes', 'SAMLResponse=AAAA&RelayState=a', 'saml:not-wellformed'],
    ['words', `SAMLResponse=${base64('no markup')}&RelayState=a`, 'saml:not-wellformed'],
    ['bytes that are not UTF-8', `SAMLResponse=${base64('<\xff\xfe>')}&RelayState=a`, 'saml:encoding'],
    ['a broken escape', 'SAMLResponse=%ZZ&RelayState=a', 'saml:parameter'],
    ['bytes in escapes that are not UTF-8', `${readable}&RelayState=%FF`, 'saml:parameter'],
  ])(
    'of a SAML provider, %s: 400, for people and for programs, and in the record',
    async (_, body, reason) => {
      const forPeople = await post(body)
      expect(forPeople.status).toBe(400)
      expect(forPeople.text).toContain('could not be read')
      expect(forPeople.text).toContain('<code>InvalidRequest</code>')
      const requestId = forPeople.headers['x-amzn-requestid']
      expect(forPeople.text).toContain(`<code>${requestId}</code>`)
      expect(await lastEvent()).toMatchObject({
        eventName: 'ConsoleLogin',
        requestID: requestId,
        errorCode: 'InvalidRequest',
        additionalEventData: { provider: 'corp', reason },
      })
      const forPrograms = await post(body, json)
      expect([forPrograms.status, forPrograms.headers['content-type']]).toEqual([
        400,
        'application/json; charset=utf-8',
      ])
      expect(forPrograms.body).toEqual({
        code: 'InvalidRequest',
        message: expect.stringContaining('could not be read'),
        requestId: forPrograms.headers['x-amzn-requestid'],
      })
    },
  )

  it.each([
    ['nothing', ''],
    ['a code without a state', 'code=x'],
    ['two codes', 'code=x&code=y&state=a'],
    ['neither code nor error', 'state=a'],
    ['both code and error', 'state=a&code=x&error=access_denied'],
    ['a broken escape', 'state=a&code=%ZZ'],
  ])('of an OpenID provider, %s: 400', async (_, query) => {
    const answer = await visitor(host, host.url).get(`/signin/login/callback?${query}`, json)
    expect([answer.status, answer.body.code]).toEqual([400, 'InvalidRequest'])
    expect(await lastEvent()).toMatchObject({ additionalEventData: { reason: 'oidc:parameter' } })
  })

  it('in the address for SAML, or posted for OpenID: 400', async () => {
    const inAddress = await visitor(host, host.url).get(
      `/signin/corp/callback?${readable}&RelayState=a`,
      json,
    )
    expect([inAddress.status, (await lastEvent()).additionalEventData!['reason']]).toEqual([
      400,
      'saml:binding',
    ])
    const posted = await visitor(host, host.url).postRaw('/signin/login/callback', 'state=a&code=x', {
      'content-type': form,
      ...json,
    })
    expect([posted.status, (await lastEvent()).additionalEventData!['reason']]).toEqual([
      400,
      'oidc:parameter',
    ])
  })

  it('that is readable, but belongs to nobody here: 403', async () => {
    const saml = await post(`${readable}&RelayState=a`, json)
    expect([saml.status, saml.body.code]).toEqual([403, 'InvalidAssertion'])
    expect(await lastEvent()).toMatchObject({ additionalEventData: { reason: 'saml:state' } })
    const oidc = await visitor(host, host.url).get('/signin/login/callback?code=x&state=a', json)
    expect([oidc.status, oidc.body.code]).toEqual([403, 'InvalidAssertion'])
    expect(await lastEvent()).toMatchObject({ additionalEventData: { reason: 'oidc:state' } })
  })

  it.each([
    ...['parameter', 'encoding', 'not-wellformed', 'size', 'binding', 'markup', 'structure', 'version'].map(
      (what) => [`saml:${what}`, 400] as const,
    ),
    ...['duplicate-id'].map((what) => [`saml:${what}`, 400] as const),
    ...[
      'signature',
      'unsigned',
      'audience',
      'replay',
      'recipient',
      'relaystate',
      'inresponseto',
      'algorithm',
    ].map((what) => [`saml:${what}`, 403] as const),
    ['oidc:parameter', 400],
    ['oidc:iss-param', 403],
    ['oidc:nonce', 403],
    ['oidc:id-token', 403],
    ['jwt:format', 400],
    ['jwt:size', 400],
    ['jwt:signature', 403],
    ['jwt:aud', 403],
  ] as const)('is told from one that says no: %s is %d', async (reason, status) => {
    const { ada, state } = await begun('login')
    const answer = await ada.get(`/signin/login/callback?state=${state}&code=x&why=${reason}`, json)
    expect([answer.status, answer.body.code]).toEqual([
      status,
      status === 400 ? 'InvalidRequest' : 'InvalidAssertion',
    ])
    expect(await lastEvent()).toMatchObject({ additionalEventData: { reason } })
  })

  it('does not use up the sign-in that was begun', async () => {
    const { ada, state } = await begun('login')
    expect((await ada.get(`/signin/login/callback?state=${state}&code=%ZZ`)).status).toBe(400)
    const next = await ada.get(`/signin/login/callback?state=${state}&code=x&why=jwt:aud`)
    expect([next.status, (await lastEvent()).additionalEventData!['reason']]).toEqual([403, 'jwt:aud'])
  })
})

describe('a form that cannot be read', () => {
  const send = (body: string, more: Readonly<Record<string, string>> = {}) =>
    visitor(host, host.url).postRaw('/signin/local', body, {
      'content-type': form,
      origin: host.url,
      ...more,
    })

  it.each([
    ['a broken escape in the name', 'username=%ZZ&password=x'],
    ['a broken escape in the password', 'username=ada&password=%'],
    ['escapes that are not UTF-8', 'username=%FF&password=x'],
    ['bytes that are not UTF-8', Buffer.from('username=ad\xff&password=x', 'latin1')],
    ['no name', 'password=x'],
    ['no password', 'username=ada'],
    ['nothing', ''],
    ['two names', 'username=ada&username=eve&password=x'],
  ])('is no wrong password: %s', async (_, body) => {
    const before = (await host.audit.events()).length
    const answer = await send(body as string, json)
    expect([answer.status, answer.body.code]).toEqual([400, 'InvalidRequest'])
    expect(answer.body.requestId).toBe(answer.headers['x-amzn-requestid'])
    expect(await host.audit.events()).toHaveLength(before)
    const seen = await send(body as string)
    expect([seen.status, seen.text.includes('<code>InvalidRequest</code>')]).toEqual([400, true])
  })

  it('is not counted by the throttle', async () => {
    for (let tries = 0; tries < 12; tries += 1) await send('username=ada&password=%ZZ')
    expect(
      (await send(new URLSearchParams({ username: 'ada', password: adaPassword }).toString())).status,
    ).toBe(303)
  })

  it('is refused on every page, and so is a query', async () => {
    const ada = await signedIn(host)
    const csrf = await ada.token()
    const posted = await ada.postRaw('/switchrole', `csrf=${csrf}&account=%ZZ&roleName=x`, {
      'content-type': form,
      origin: host.url,
      ...json,
    })
    expect([posted.status, posted.body.code]).toEqual([400, 'InvalidRequest'])
    for (const path of ['/signin?next=%E0%A4%A', '/accounts?q=%', '/switchrole?account=%ZZ', '/?x=%C3%28']) {
      const answer = await ada.get(path, json)
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'InvalidRequest'])
    }
  })
})

describe('a page that refuses', () => {
  it('is JSON for programs, whatever it refuses', async () => {
    const asPrograms = { 'content-type': form, origin: host.url, ...json }
    const wrong = await visitor(host, host.url).postRaw(
      '/signin/local',
      'username=eve&password=x',
      asPrograms,
    )
    expect([wrong.status, wrong.body]).toEqual([
      403,
      {
        code: 'ProviderRejected',
        message: 'The user name or the password is wrong.',
        requestId: wrong.headers['x-amzn-requestid'],
      },
    ])
    const ada = await signedIn(host)
    const csrf = await ada.token()
    const send = (path: string, body: string) => ada.postRaw(path, `csrf=${csrf}&${body}`, asPrograms)
    const choice = await send('/switchrole', 'account=__proto__&roleName=x')
    expect([choice.status, choice.body.code]).toEqual([400, 'InvalidRequest'])
    const denied = await send('/switchrole', 'account=333344445555&roleName=Auditor')
    expect([denied.status, denied.body.code]).toEqual([403, 'AccessDenied'])
    const device = await send('/device', 'user_code=AAAA-AAAA')
    expect([device.status, device.body.code]).toEqual([404, 'NotFound'])
  })

  it('says its code beside the request to people', async () => {
    const { text } = await visitor(host, host.url).post('/signin/local', { username: 'eve', password: 'x' })
    expect(text).toContain('<code>ProviderRejected</code>')
    expect((await visitor(host, host.url).get('/nowhere')).text).toContain('<code>NotFound</code>')
  })

  it('blames a source only when it is the source that is unavailable', async () => {
    const broken = await portalHost({
      providers: () => [
        {
          ...redirectProvider('corp', leave),
          redirect: {
            begin: () => Promise.reject(new Fault('StoreUnavailable', 'the store cannot be asked')),
            complete: () => Promise.reject(new Error('unused')),
          },
        },
      ],
    })
    try {
      const { status, text } = await visitor(broken, broken.url).get('/signin/corp')
      expect(status).toBe(503)
      expect(text).toContain('The store cannot be asked.')
      expect(text).not.toContain('cannot be reached right now')
    } finally {
      await broken.close()
    }
  })
})
