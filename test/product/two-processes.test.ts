/** Two processes of the built product on one data directory, without the demo; and sources that nobody answers at. */
import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCommand, startProduct, type Product } from '../support/product.js'
import {
  ask,
  auditLines,
  formToken,
  keysFor,
  postForm,
  signIn,
  sts,
  type Answer,
} from '../support/product-visitor.js'

const developer = { account: '777788889999', name: 'Developer' }
const session = (cookie: string) => ({ headers: { Cookie: cookie } })

/** Port 1 answers nobody. */
const unreachable = {
  providers: [
    {
      kind: 'oidc',
      name: 'lost-oidc',
      displayName: 'Lost OpenID',
      issuer: 'http://127.0.0.1:1',
      insecureAllowHttp: true,
      client: { id: 'rolegate' },
    },
    {
      kind: 'saml',
      name: 'lost-saml',
      displayName: 'Lost SAML',
      metadataUrl: 'http://127.0.0.1:1/metadata',
      usernameAttribute: 'username',
    },
    {
      kind: 'ldap',
      name: 'lost-ldap',
      displayName: 'Lost directory',
      urls: ['ldap://127.0.0.1:1'],
      insecureAllowPlaintext: true,
      bind: { type: 'template', dn: 'uid={username},dc=example' },
      userSearch: { base: 'dc=example' },
    },
  ],
}

let one: Product
let other: Product
let password: string
beforeAll(async () => {
  one = await startProduct({
    demo: false,
    async configure({ config, data }) {
      await writeFile(join(config, 'providers', 'lost.json'), JSON.stringify(unreachable))
      const added = await runCommand(
        'user',
        'add',
        'grace',
        '--data',
        data,
        '--generate',
        '--group',
        'developers',
      )
      password = added.stdout.trim()
    },
  })
  other = await one.beside()
}, 60_000)
afterAll(async () => {
  await Promise.all([one?.stop('SIGKILL'), other?.stop('SIGKILL')])
  await one?.remove()
})

const identity = (product: Product, cookie: string) => ask(product.url, '/accounts', session(cookie))

function postJson(product: Product, path: string, body: object): Promise<Answer> {
  return ask(product.url, path, {
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/json' },
  })
}

describe('two processes on one data directory', () => {
  it('know each other’s sign-ins and sign-outs', async () => {
    const cookie = await signIn(one, 'grace', { password })
    expect((await identity(other, cookie)).status).toBe(200)
    const left = await postForm(other, '/signout', { csrf: await formToken(other, cookie) }, session(cookie))
    expect(left.status).toBe(303)
    expect((await identity(one, cookie)).status).toBe(303)
    expect((await identity(other, cookie)).status).toBe(303)
  })

  it('accept each other’s credentials', async () => {
    const { credentials } = await keysFor(one, await signIn(one, 'grace', { password }), developer)
    const client = new STSClient({ endpoint: other.url, region: 'local-1', credentials })
    expect(await client.send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: 'arn:aws:sts::777788889999:assumed-role/Developer/grace',
    })
  })

  it('use up together what may be used once', async () => {
    const registered = await postJson(one, '/client/register', {
      clientName: 'terminal',
      clientType: 'public',
    })
    const { clientId, clientSecret } = JSON.parse(registered.text) as Record<string, string>
    const started = await postJson(other, '/device_authorization', {
      clientId,
      clientSecret,
      startUrl: `${other.url}/start`,
    })
    const { deviceCode, userCode = '' } = JSON.parse(started.text) as Record<string, string>
    const cookie = await signIn(one, 'grace', { password })
    const approved = await postForm(
      one,
      '/device',
      { csrf: await formToken(one, cookie), user_code: userCode, confirmed: 'yes', decision: 'approve' },
      session(cookie),
    )
    expect(approved.text).toContain('The program is connected')

    const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
    const answers = await Promise.all(
      [one, other, one, other, one, other].map((product) =>
        postJson(product, '/token', { clientId, clientSecret, grantType, deviceCode }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status !== 200).map(({ status }) => status)).toEqual(
      Array.from({ length: 5 }, () => 400),
    )

    const { refreshToken } = JSON.parse(answers.find(({ status }) => status === 200)?.text ?? '{}') as Record<
      string,
      string
    >
    const renewed = await Promise.all(
      [other, one, other, one].map((product) =>
        postJson(product, '/token', { clientId, clientSecret, grantType: 'refresh_token', refreshToken }),
      ),
    )
    expect(renewed.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('count wrong passwords together', async () => {
    const attempt = (product: Product) =>
      postForm(product, '/signin/local', { username: 'nobody-here', password: 'wrong' })
    const statuses: number[] = []
    for (let count = 0; count < 6; count++) {
      statuses.push((await attempt(one)).status, (await attempt(other)).status)
    }
    expect(statuses.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 403))
    expect(statuses.slice(10)).toEqual([429, 429])
  })

  it('write one record, line by line', async () => {
    const lines = await auditLines(one)
    expect(new Set(lines.map(({ requestID }) => requestID)).size).toBe(lines.length)
    expect(lines.length).toBeGreaterThan(15)
  })
})

describe('a source that cannot be reached', () => {
  const cause = async ({ requestId }: Answer) =>
    (await auditLines(one)).find(({ requestID }) => requestID === requestId)

  it.each([
    ['lost-oidc', 'Lost OpenID'],
    ['lost-saml', 'Lost SAML'],
  ])('%s is named on the page, and its cause in the record', async (name, displayName) => {
    const page = await ask(one.url, `/signin/${name}`, { headers: { Accept: 'text/html' } })
    expect(page.status).toBe(503)
    expect(page.text).toContain(`${displayName} cannot be reached right now`)
    expect(page.text).toContain('action="/signin/local"')
    expect(await cause(page)).toMatchObject({
      errorCode: 'ProviderUnavailable',
      additionalEventData: { provider: name, reason: expect.stringMatching(/^(?:oidc|saml):/) },
    })
  })

  it('a directory likewise', async () => {
    const page = await postForm(one, '/signin/lost-ldap', { username: 'ada', password: 'x' })
    expect(page.status).toBe(503)
    expect(page.text).toContain('Lost directory cannot be reached right now')
    expect(await cause(page)).toMatchObject({
      additionalEventData: { provider: 'lost-ldap', reason: 'ldap:connect' },
    })
  })

  it('is an error of its own at STS', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = {
      iss: 'http://127.0.0.1:1',
      aud: 'rolegate',
      sub: 'ada',
      exp: 9_999_999_999,
      iat: 1_700_000_000,
    }
    const role = { RoleArn: 'arn:aws:iam::777788889999:role/teams/Developer', RoleSessionName: 'ada' }
    const byToken = await sts(one, {
      Action: 'AssumeRoleWithWebIdentity',
      ...role,
      WebIdentityToken: `${part({ alg: 'RS256', kid: 'a' })}.${part(claims)}.${'A'.repeat(342)}`,
    })
    const byPassword = await sts(one, {
      Action: 'AssumeRoleWithLDAPIdentity',
      ...role,
      LDAPUsername: 'ada',
      LDAPPassword: 'x',
    })
    for (const answer of [byToken, byPassword]) {
      expect(answer.text).toContain('<Code>IDPCommunicationError</Code>')
      expect(answer.status).toBe(400)
      expect((await cause(answer))?.additionalEventData?.['reason']).toMatch(
        /^(?:oidc:transport|ldap:connect)$/,
      )
    }
  })

  it('leaves the others as they were', async () => {
    await signIn(one, 'grace', { password })
    expect((await ask(one.url, '/readyz')).status).toBe(200)
  })
})
