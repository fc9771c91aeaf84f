import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { portalHost, type PortalHost } from './portal-host.js'
import { form, signedIn, visitor } from './visitor.js'

let host: PortalHost
beforeAll(async () => {
  host = await portalHost()
})
afterAll(() => host.close())

async function lastEvent() {
  return (await host.audit.events()).at(-1)!
}

describe('accounts', () => {
  it('are those with a role that trusts the person, by organizational unit', async () => {
    const { status, text } = await (await signedIn(host)).get('/accounts')
    expect(status).toBe(200)
    expect(text).toContain('4 roles in 2 accounts')
    expect(text.indexOf('Workloads › Development')).toBeLessThan(text.indexOf('Workloads › Production'))
    expect(text).not.toContain('Auditor')
    expect(text).not.toContain('333344445555')
  })

  it.each([
    ['prod', 2],
    ['sandbox read', 1],
    ['READONLY', 2],
    ['222233334444', 2],
    ['aws+prod@', 2],
    ['tier=critical', 2],
    ['touch', 1],
    ['auditor', 0],
    ['<script>', 0],
  ])('are searched on the server for %s', async (search, found) => {
    const { text } = await (await signedIn(host)).get(`/accounts?q=${encodeURIComponent(search)}`)
    expect(text.match(/<li class="role"/g) ?? []).toHaveLength(found)
    expect(text).toContain(found === 0 ? 'Nothing here matches.' : `${found} of 4 roles`)
  })
})

describe('access keys', () => {
  it('offer lifetimes up to what the role allows', async () => {
    const ada = await signedIn(host)
    const offered = async (path: string) =>
      [...(await ada.get(path)).text.matchAll(/<option[^>]*value="(\d+)"/g)].map(([, value]) => Number(value))
    expect((await offered('/roles/111122223333/Developer')).at(-1)).toBe(129_600)
    expect(await offered('/roles/222233334444/ReadOnly')).toEqual([900, 1800, 3600])
  })

  it('are shown by POST, are real, and are on record as who they are for', async () => {
    const ada = await signedIn(host)
    const { status, text, headers } = await ada.post('/roles/111122223333/Developer', { duration: '7200' })
    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['etag']).toBeUndefined()
    const said = (name: string) => new RegExp(`export ${name}=(?:'|&#39;)([^'&]+)`).exec(text)![1]!
    const opened = host.credentials.open(said('AWS_ACCESS_KEY_ID'), said('AWS_SESSION_TOKEN'))
    expect(opened?.secretAccessKey).toBe(said('AWS_SECRET_ACCESS_KEY'))
    expect(opened?.session).toMatchObject({
      roleArn: 'arn:aws:iam::111122223333:role/Developer',
      sessionName: 'ada',
    })
    expect(opened!.session.expiresAt.getTime() - opened!.session.issuedAt.getTime()).toBe(7_200_000)
    expect(text).toContain('assumed-role/Developer/ada')
    expect(text).toContain(`${host.url}/sts`)
    const event = await lastEvent()
    expect(event).toMatchObject({ eventName: 'GetRoleCredentials', requestID: headers['x-amzn-requestid'] })
    expect(JSON.stringify(event)).not.toContain(said('AWS_SECRET_ACCESS_KEY'))
    expect(JSON.stringify(event)).not.toContain(said('AWS_SESSION_TOKEN'))
  })

  it('are refused alike for a role that refuses and a role that is not there', async () => {
    const ada = await signedIn(host)
    const answers = [
      await ada.post('/roles/333344445555/Auditor', { duration: '3600' }),
      await ada.post('/roles/333344445555/Nobody', { duration: '3600' }),
      await ada.post('/roles/999999999999/Nobody', { duration: '3600' }),
      await ada.get('/roles/333344445555/Auditor'),
      await ada.get('/roles/333344445555/Nobody'),
      await ada.get('/roles/__proto__/constructor'),
    ]
    const plain = answers.map(({ status, text }) => [status, text.replaceAll(/<code>[^<]+<\/code>/g, '')])
    for (const answer of plain) expect(answer).toEqual(plain[0])
    expect(plain[0]![0]).toBe(403)
  })

  it('of a role that is not theirs leave a record of who looked, whichever way they asked', async () => {
    const ada = await signedIn(host)
    for (const path of ['/roles/333344445555/Auditor', '/roles/999999999999/Nobody']) {
      const { headers } = await ada.get(path)
      expect(await lastEvent()).toMatchObject({
        eventName: 'RequestRefused',
        requestID: headers['x-amzn-requestid'],
        errorCode: 'AccessDenied',
        userIdentity: { type: 'LocalUser', userName: 'ada' },
        additionalEventData: { reason: 'web:role', path },
      })
    }
  })

  it("are found by the account's alias as by its id", async () => {
    const ada = await signedIn(host)
    const { status, text } = await ada.get('/roles/prod/ReadOnly')
    expect(status).toBe(200)
    expect(text).toContain('action="/roles/222233334444/ReadOnly"')
    const issued = await ada.post('/roles/prod/ReadOnly', { duration: '900' })
    expect(issued.status).toBe(200)
    expect(issued.text).toContain('arn:aws:sts::222233334444:assumed-role/ReadOnly/ada')
    expect((await ada.get('/roles/prod/Auditor')).status).toBe(403)
    expect((await ada.get('/roles/nobody/ReadOnly')).status).toBe(403)
  })

  it('come with a line that works where older command lines ignore the endpoint', async () => {
    const { text } = await (await signedIn(host)).post('/roles/prod/ReadOnly', { duration: '900' })
    expect(text).toContain(`>aws sts get-caller-identity --endpoint-url ${host.url}/sts<`)
    expect(text).toContain(
      `>aws sts get-caller-identity --profile prod-ReadOnly --endpoint-url ${host.url}/sts<`,
    )
    expect(text).toContain('before 2.13 (version 1: before 1.29)')
  })

  it('are refused for a lifetime beyond the role, or none', async () => {
    const ada = await signedIn(host)
    for (const duration of ['7200', '10', '', '1e3', '-900', '99999999']) {
      expect((await ada.post('/roles/222233334444/ReadOnly', { duration })).status).toBe(400)
    }
  })
})

describe('switching role', () => {
  it('is only prepared by a link', async () => {
    const ada = await signedIn(host)
    const link = '/switchrole?account=prod&roleName=Operator&displayName=Prod%20ops&color=F2B0A9'
    const { text } = await ada.get(link)
    for (const value of ['prod', 'Operator', 'Prod ops']) expect(text).toContain(`value="${value}"`)
    expect(text).toMatch(/value="f2b0a9" checked/)
    expect((await ada.get('/session')).text).toContain('No role is in use')
  })

  it('says which values of a link it did not take, and why', async () => {
    const query = new URLSearchParams({
      account: 'bogus<script>',
      roleName: 'Operator',
      displayName: 'n'.repeat(90),
      color: 'zz',
    })
    const { status, text } = await (await signedIn(host)).get(`/switchrole?${query.toString()}`)
    expect(status).toBe(200)
    expect(text).toContain('value="Operator"')
    expect(text).not.toContain('bogus<script>')
    const said = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>')
    expect(said).toContain('“bogus<script>” in the link was not taken. An account is 12 digits')
    expect(said).toContain(`“${'n'.repeat(40)}…” in the link was not taken. Use up to 64 characters`)
    expect(said).toContain('“zz” in the link was not taken. A colour is six hexadecimal digits')
    expect(text.match(/was not taken/g)).toHaveLength(3)
    const empty = await (await signedIn(host)).get('/switchrole')
    expect(empty.text).not.toContain('was not taken')
  })

  it('says what is wrong with a colour that was sent', async () => {
    const fields = { account: 'prod', roleName: 'Operator', color: 'zz' }
    const { status, text } = await (await signedIn(host)).post('/switchrole', fields)
    expect(status).toBe(400)
    expect(text).toContain('A colour is six hexadecimal digits')
  })

  it('takes an alias, a name and a colour, under a new cookie, and shows them in the bar', async () => {
    const ada = await signedIn(host)
    const before = ada.cookie('rolegate-session')
    const fields = { account: 'prod', roleName: 'Operator', displayName: 'Prod ops', color: 'F2B0A9' }
    const { status, headers } = await ada.post('/switchrole', fields)
    expect([status, headers['location']]).toEqual([303, '/session'])
    expect(ada.cookie('rolegate-session')).not.toBe(before)
    expect(await host.sessions.find(before!)).toBeUndefined()
    const { text } = await ada.get('/session')
    expect(text).toContain('arn:aws:sts::222233334444:assumed-role/Operator/ada')
    expect(text).toContain('Prod ops')
    expect(text).toContain('fill="#f2b0a9"')
    expect(await lastEvent()).toMatchObject({
      eventName: 'SwitchRole',
      eventSource: 'signin.amazonaws.com',
      userIdentity: { type: 'LocalUser', userName: 'ada' },
    })
  })

  it('is judged by the identity that signed in, whatever role is in use', async () => {
    const ada = await signedIn(host)
    await ada.post('/switchrole', { account: 'prod', roleName: 'Operator' })
    await ada.post('/switchrole', { account: 'sandbox', roleName: 'ReadOnly' })
    expect(await lastEvent()).toMatchObject({
      eventName: 'SwitchRole',
      userIdentity: { type: 'LocalUser' },
      additionalEventData: { chain: [] },
    })
  })

  it('goes back through the roles it came from, and out', async () => {
    const ada = await signedIn(host)
    await ada.post('/switchrole', { account: 'prod', roleName: 'Operator', displayName: 'One' })
    await ada.post('/switchrole', { account: 'prod', roleName: 'ReadOnly', displayName: 'Two' })
    await ada.post('/switchrole', { account: 'sandbox', roleName: 'ReadOnly', displayName: 'Three' })
    const active = async () => /<h1>([^<]+)/.exec((await ada.get('/session')).text)![1]
    expect(await active()).toBe('Three')
    await ada.post('/switchrole/back')
    expect(await active()).toBe('Two')
    await ada.post('/switchrole/back')
    expect(await active()).toBe('One')
    await ada.post('/switchrole/back')
    expect(await active()).toBe('One')
    await ada.post('/switchrole/exit')
    expect(await active()).toBe('Who am I')
    expect(await lastEvent()).toMatchObject({
      eventName: 'ExitRole',
      responseElements: { ExitRole: 'Success' },
    })
    const { text } = await ada.get('/accounts')
    for (const name of ['One', 'Two', 'Three']) expect(text).toContain(`<span>${name}</span>`)
  })

  it('is refused alike for every reason', async () => {
    const ada = await signedIn(host)
    const answers = await Promise.all(
      [
        ['333344445555', 'Auditor'],
        ['333344445555', 'NobodyKnows'],
        ['999999999999', 'Auditor'],
        ['no-such-alias', 'Auditor'],
      ].map(async ([account, roleName]) => {
        const { status, text } = await ada.post('/switchrole', { account: account!, roleName: roleName! })
        return [
          status,
          text
            .replaceAll(/<code>[^<]+<\/code>/g, '')
            .replaceAll(account!, 'A')
            .replaceAll(roleName!, 'R'),
        ]
      }),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
    expect(answers[0]![0]).toBe(403)
    const denials = (await host.audit.events())
      .filter(({ eventName }) => eventName === 'SwitchRole')
      .slice(-4)
    expect(denials.map(({ errorCode }) => errorCode)).toEqual(Array.from({ length: 4 }, () => 'AccessDenied'))
  })

  const wrong: readonly (readonly [Record<string, string>, string])[] = [
    [{ account: '', roleName: 'A' }, 'An account is 12 digits'],
    [{ account: '12345', roleName: 'bad name' }, 'A role name has up to 64 letters'],
    [{ account: 'prod', roleName: '<script>' }, 'A role name has up to 64 letters'],
    [{ account: 'prod', roleName: 'A', displayName: 'x'.repeat(65) }, 'Use up to 64 characters'],
    [{ account: 'prod', roleName: 'A', color: 'red;}</style>' }, ''],
    [{ account: '../../etc', roleName: 'A' }, 'An account is 12 digits'],
  ]

  it.each(wrong)('explains what is wrong with %j', async (fields, problem) => {
    const { status, text } = await (await signedIn(host)).post('/switchrole', fields)
    expect(status).toBe(400)
    expect(text).toContain(problem)
  })

  it('of many at once happens once; none is lost from the record', async () => {
    const ada = await signedIn(host)
    const csrf = await ada.token()
    const before = (await host.audit.events()).length
    const cookie = ada.cookie('rolegate-session')!
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => {
        const tab = visitor(host, host.url)
        tab.setCookie('rolegate-session', cookie)
        return tab.post('/switchrole', { csrf, account: 'prod', roleName: 'Operator' })
      }),
    )
    const renewed = answers.filter(({ headers }) => headers['set-cookie'] !== undefined)
    expect(renewed).toHaveLength(1)
    const recorded = (await host.audit.events())
      .slice(before)
      .filter(({ eventName }) => eventName === 'SwitchRole')
    expect(recorded.length).toBeGreaterThanOrEqual(1)
    expect(recorded.length).toBeLessThanOrEqual(20)
  })

  it('shows a role whose time is over as expired, and offers to renew it', async () => {
    const timed = await portalHost()
    try {
      const ada = await signedIn(timed)
      await ada.post('/switchrole', { account: 'prod', roleName: 'Operator' })
      timed.clock.advance(3601)
      const { text } = await ada.get('/accounts')
      expect(text).toContain('expired')
      expect(text).toContain('<span>Renew</span>')
      expect((await ada.get('/session')).text).toContain('No role is in use')
      timed.clock.advance(28_800)
      expect((await ada.get('/accounts')).headers['location']).toBe('/signin?notice=expired&next=%2Faccounts')
    } finally {
      await timed.close()
    }
  })
})

describe('approving a device', () => {
  async function started(clientName = 'rolegate on build-7') {
    const { clientId } = host.clients.register({
      name: clientName,
      redirectUris: [],
      grantTypes: [],
      scopes: [],
    })
    const client = host.clients.find(clientId)!
    return { client, device: await host.devices.start(client, '192.0.2.7', ['sso:account:access']) }
  }

  it('never happens by GET, and a link looks nothing up', async () => {
    const { client, device } = await started()
    const { text } = await (await signedIn(host)).get(`/device?user_code=${device.userCode}`)
    expect(text).toContain(`value="${device.userCode}"`)
    expect(text).not.toContain('build-7')
    expect(await host.devices.poll(client, device.deviceCode)).toEqual({ status: 'pending' })
  })

  it('shows who asks from where, wants a confirmation, and is on record with both addresses', async () => {
    const { client, device } = await started()
    const ada = await signedIn(host)
    const code = { user_code: device.userCode.toLowerCase().replace('-', '') }
    const review = await ada.post('/device', code)
    for (const said of ['rolegate on build-7', '192.0.2.7', 'sso:account:access', device.userCode]) {
      expect(review.text).toContain(said)
    }
    expect(review.text).toContain('another address than this browser')
    expect((await ada.post('/device', { ...code, decision: 'approve' })).status).toBe(400)
    expect(await host.devices.poll(client, device.deviceCode)).toMatchObject({ status: 'pending' })
    const done = await ada.post('/device', { ...code, decision: 'approve', confirmed: 'yes' })
    expect(done.text).toContain('The program is connected')
    expect(await lastEvent()).toMatchObject({
      eventName: 'ApproveDeviceAuthorization',
      sourceIPAddress: '127.0.0.1',
      additionalEventData: { deviceSourceIPAddress: '192.0.2.7', addressesDiffer: true },
    })
    host.clock.advance(10)
    expect(await host.devices.poll(client, device.deviceCode)).toMatchObject({ status: 'approved' })
    expect((await ada.post('/device', code)).status).toBe(404)
  })

  it('can be denied', async () => {
    const { client, device } = await started()
    const ada = await signedIn(host)
    await ada.post('/device', { user_code: device.userCode, decision: 'deny' })
    host.clock.advance(10)
    expect(await host.devices.poll(client, device.deviceCode)).toEqual({ status: 'denied' })
  })

  it('ends guessing after a few codes', async () => {
    const guessed = await portalHost()
    try {
      const ada = await signedIn(guessed)
      const statuses: number[] = []
      for (let guess = 0; guess < 7; guess += 1) {
        statuses.push((await ada.post('/device', { user_code: `AAAA-AAA${'ABCDEFG'[guess]}` })).status)
      }
      expect(statuses).toEqual([404, 404, 404, 404, 404, 429, 429])
      const reasons = (await guessed.audit.events()).map((event) => event.additionalEventData?.['reason'])
      expect(reasons.slice(-3)).toEqual(['device:unknown-code', 'device:guess', 'device:guess'])
    } finally {
      await guessed.close()
    }
  })
})

describe('authorizing a program on this machine', () => {
  function query(redirectUri = 'http://127.0.0.1:45678/oauth/callback', clientId?: string): string {
    const registered = host.clients.register({
      name: 'botocore-client-demo',
      redirectUris: ['http://127.0.0.1/oauth/callback'],
      grantTypes: ['authorization_code'],
      scopes: ['sso:account:access'],
    })
    return new URLSearchParams({
      response_type: 'code',
      client_id: clientId ?? registered.clientId,
      redirect_uri: redirectUri,
      state: 'state-1',
      code_challenge_method: 'S256',
      scopes: 'sso:account:access',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    }).toString()
  }

  it('survives the sign-in, asks, and leads back to the program with a code', async () => {
    const asked = query()
    const away = await visitor(host, host.url).get(`/authorize?${asked}`)
    expect(new URL(away.headers['location']!, host.url).searchParams.get('next')).toBe(`/authorize?${asked}`)
    const ada = await signedIn(host)
    const { status, text, headers } = await ada.get(`/authorize?${asked}`)
    expect(status).toBe(200)
    expect(text).toContain('botocore-client-demo')
    expect(headers['content-security-policy']).toContain("form-action 'self' http://127.0.0.1:45678;")
    const back = await ada.post('/authorize', { request: asked, decision: 'approve' })
    const location = new URL(back.headers['location']!)
    expect(location.origin).toBe('http://127.0.0.1:45678')
    expect(location.searchParams.get('state')).toBe('state-1')
    expect(location.searchParams.get('code')).toBeTruthy()
    expect(await lastEvent()).toMatchObject({ eventName: 'ApproveAuthorization' })
  })

  it('leads back without a code when it is denied', async () => {
    const back = await (await signedIn(host)).post('/authorize', { request: query(), decision: 'deny' })
    expect(new URL(back.headers['location']!).searchParams.get('error')).toBe('access_denied')
  })

  it('is answered on our page, never by redirect, when the request is wrong', async () => {
    const ada = await signedIn(host)
    for (const asked of [
      '',
      query('https://evil.example/callback'),
      query(undefined, 'invented'),
      `${query()}&state=2`,
    ]) {
      const page = await ada.get(`/authorize?${asked}`)
      expect([page.status, page.headers['location']]).toEqual([400, undefined])
      expect((await ada.post('/authorize', { request: asked, decision: 'approve' })).status).toBe(400)
    }
  })
})

describe('every change', () => {
  const changes: readonly (readonly [string, Record<string, string>])[] = [
    ['/switchrole', { account: 'prod', roleName: 'Operator' }],
    ['/switchrole/back', {}],
    ['/switchrole/exit', {}],
    ['/roles/111122223333/Developer', { duration: '900' }],
    ['/device', { user_code: 'ABCD-EFGH', decision: 'approve', confirmed: 'yes' }],
    ['/authorize', { request: '', decision: 'approve' }],
    ['/signout', {}],
  ]

  it.each(changes)('%s needs our page and this session', async (path, fields) => {
    const ada = await signedIn(host)
    const csrf = await ada.token()
    const foreign = await (await signedIn(host)).token()
    const send = (token: string, headers: Record<string, string>) =>
      ada.postRaw(path, new URLSearchParams({ ...fields, csrf: token }).toString(), headers)
    const refused = [
      await send(csrf, { 'content-type': form }),
      await send(csrf, { 'content-type': form, origin: 'https://evil.example' }),
      await send(csrf, { 'content-type': form, origin: 'null' }),
      await send(csrf, { 'content-type': form, origin: `${host.url}.evil.example` }),
      await send(csrf, { 'content-type': form, origin: host.url, 'sec-fetch-site': 'same-site' }),
      await send(csrf, { 'content-type': form, origin: host.url, 'sec-fetch-site': 'none' }),
      await send(csrf, { 'content-type': 'text/plain', origin: host.url }),
      await send(csrf, { 'content-type': 'application/json', origin: host.url }),
      await send('', { 'content-type': form, origin: host.url }),
      await send(foreign, { 'content-type': form, origin: host.url }),
      await ada.postRaw(path, `csrf=${csrf}&csrf=${csrf}`, { 'content-type': form, origin: host.url }),
      await ada.postRaw(`${path}?csrf=${csrf}`, '', { 'content-type': form, origin: host.url }),
    ]
    expect(refused.map(({ status }) => status).filter((status) => status !== 403 && status !== 400)).toEqual(
      [],
    )
    expect((await ada.get('/session')).text).toContain('No role is in use')
    const events = await host.audit.events()
    expect(events.findLast(({ eventName }) => eventName === 'RequestRefused')).toMatchObject({
      errorCode: 'AccessDenied',
      additionalEventData: { reason: 'web:csrf', path },
    })
  })
})
