import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Assertion } from '../../../src/federation/assertion.js'
import type { OidcSettings } from '../../../src/federation/settings.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { testClock } from '../../support/clock.js'
import { oidcSettings } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'
import { startHostileIssuer, type HostileIssuer, type Members, type TokenParts } from './hostile-issuer.js'

const clock = testClock()
const seconds = Math.floor(clock.now().getTime() / 1000)
const aws = 'https://aws.amazon.com'

describe('the claims of a token', () => {
  let issuer: HostileIssuer
  beforeAll(async () => {
    issuer = await startHostileIssuer(clock.now)
  })
  afterAll(() => issuer.close())

  const assertionOf = (parts: TokenParts = {}, change: Partial<OidcSettings> = {}): Promise<Assertion> => {
    const settings = oidcSettings(issuer.issuer, change)
    return createOidcProvider(settings, { now: clock.now, log: keptLog() }).token!.verify(issuer.sign(parts))
  }
  /** The condition keys, without the issuer that they all begin with. */
  const keysOf = async (claims: Members, change: Partial<OidcSettings> = {}): Promise<Members> => {
    const { conditionKeys } = await assertionOf({ claims }, change)
    const prefix = `${issuer.issuer.slice('http://'.length)}:`
    expect([...conditionKeys.keys()].every((key) => key.startsWith(prefix))).toBe(true)
    return Object.fromEntries([...conditionKeys].map(([key, value]) => [key.slice(prefix.length), value]))
  }

  it('become keys when they have a faithful text, and only then', async () => {
    const keys = await keysOf({
      repository: 'acme/web',
      run_attempt: 3,
      protected: true,
      teams: ['a', 'b'],
      empty: [],
      mixed: ['a', 1],
      nested: { a: 1 },
      nothing: null,
    })
    expect(keys).toMatchObject({
      repository: 'acme/web',
      run_attempt: '3',
      protected: 'true',
      teams: ['a', 'b'],
      empty: [],
    })
    expect(Object.keys(keys)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/mixed|nested|nothing/)]),
    )
  })

  it('say nothing about the token itself, unless that is mapped', async () => {
    const claims = {
      nonce: 'n',
      jti: 'j',
      nbf: seconds,
      at_hash: 'a',
      c_hash: 'c',
      S_HASH: 's',
      Exp: 1,
      acr: '1',
      sid: 's-1',
      auth_time: seconds,
    }
    expect(await keysOf(claims)).toEqual({
      iss: issuer.issuer,
      sub: 'repo:acme/web',
      aud: 'sts.amazonaws.com',
      acr: '1',
      sid: 's-1',
      auth_time: String(seconds),
    })
    const attributes = [{ from: 'jti', to: 'jti', list: false }]
    expect(await keysOf(claims, { attributes })).toMatchObject({ jti: 'j' })
  })

  it('have keys in lower case, and the claim in lower case wins', async () => {
    expect(await keysOf({ Team: 'first', team: 'second', TEAM: 'third', Region: 'eu' })).toMatchObject({
      team: 'second',
      region: 'eu',
    })
  })

  it.each(['SUB', 'Sub', 'AUD', 'OAUD', 'Amr', 'GROUPS', 'oaud'])(
    'cannot stand in for ours under the name %s',
    async (name) => {
      const keys = await keysOf({ [name]: 'admins' })
      expect(Object.values(keys)).not.toContain('admins')
      expect(keys).toMatchObject({ sub: 'repo:acme/web', aud: 'sts.amazonaws.com' })
    },
  )

  it('do not reach prototypes', async () => {
    const payload = `{"iss":"${issuer.issuer}","aud":"sts.amazonaws.com","sub":"s","iat":${seconds},"exp":${
      seconds + 60
    },"__proto__":"polluted","constructor":"c"}`
    const { conditionKeys } = await assertionOf({ payload })
    expect([...conditionKeys.values()]).toEqual(expect.arrayContaining(['polluted', 'c']))
    expect(({} as Members).polluted).toBeUndefined()
    expect(
      await keysOf({}, { attributes: [{ from: 'constructor.name', to: 'x', list: false }] }),
    ).not.toHaveProperty('x')
  })

  it('are refused when there are too many, since leaving some out could silence a Deny', async () => {
    const claims = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`c${index}`, 'x']))
    await expect(assertionOf({ claims })).rejects.toMatchObject({ reason: 'oidc:claims' })
  })

  it('say azp as audience when there is one, and aud as oaud', async () => {
    const change = { audiences: ['web', 'android'] }
    expect(await keysOf({ aud: 'web', azp: 'android' }, change)).toMatchObject({
      aud: 'android',
      oaud: 'web',
    })
    expect(await keysOf({ aud: ['web', 'other'], azp: 'web' }, change)).toMatchObject({
      aud: 'web',
      oaud: ['web', 'other'],
    })
    expect(await keysOf({ aud: ['web', 'android'] }, change)).toMatchObject({ aud: 'web' })
    expect(await keysOf({ aud: 'web' }, change)).not.toHaveProperty('oaud')
  })

  it('give groups only by the configured claim, always as a list', async () => {
    expect(await keysOf({ groups: 'one' })).toMatchObject({ groups: ['one'] })
    expect(await keysOf({ groups: ['a', 'a', 'b'] })).toMatchObject({ groups: ['a', 'b'] })
    const change = { groupsClaim: 'realm_access.roles' }
    const realm = { realm_access: { roles: ['admins'] } }
    expect(await keysOf({ ...realm, groups: ['self-asserted'] }, change)).toMatchObject({
      groups: ['admins'],
    })
    expect(await keysOf({ groups: ['self-asserted'] }, change)).not.toHaveProperty('groups')
  })

  it('are mapped by whole name first, then by dotted path, to one value or a list', async () => {
    const attributes = [
      { from: 'org.unit', to: 'unit', list: false },
      { from: 'https://acme.example/team', to: 'Team', list: true },
      { from: 'many', to: 'several', list: true },
      { from: 'absent.here', to: 'absent', list: true },
      { from: 'sub', to: 'sub', list: true },
    ]
    const claims = {
      org: { unit: 'payments' },
      'https://acme.example/team': 'blue',
      many: ['a', 'b'],
      absent: 'text',
    }
    expect(await keysOf(claims, { attributes })).toMatchObject({
      unit: 'payments',
      team: ['blue'],
      several: ['a', 'b'],
      sub: 'repo:acme/web',
    })
  })

  it('do not stand in for a mapped key under its own name', async () => {
    const attributes = [{ from: 'verified.clearance', to: 'clearance', list: false }]
    expect(await keysOf({ clearance: 'secret' }, { attributes })).not.toHaveProperty('clearance')
    expect(await keysOf({ Clearance: 'secret' }, { attributes })).not.toHaveProperty('clearance')
  })

  it('OIDC-30 give an e-mail key only when the issuer verified the address', async () => {
    const email = 'ada@acme.example'
    expect(await keysOf({ email, email_verified: true })).toMatchObject({ email })
    for (const email_verified of [false, 'true', 1, undefined]) {
      expect(await keysOf({ email, email_verified })).not.toHaveProperty('email')
    }
  })

  it.each([
    [{ amr: ['mfa'] }, true],
    [{ amr: 'mfa' }, true],
    [{ amr: ['pwd', 'otp'] }, true],
    [{ amr: ['pin', 'hwk'] }, true],
    [{ amr: ['fpt', 'swk'] }, true],
    [{ acr: 'https://refeds.org/profile/mfa' }, true],
    [{ amr: ['pwd'] }, false],
    [{ amr: ['pwd', 'pin', 'kba'] }, false],
    [{ amr: ['otp', 'sms'] }, false],
    [{ amr: ['hwk', 'user'] }, false],
    [{ amr: ['pwd', 'mca', 'wia'] }, false],
    [{ amr: [['mfa']] }, false],
    [{ amr: 'pwd otp mfa' }, false],
    [{ amr: { mfa: true } }, false],
    [{ acr: '2' }, false],
    [{ acr: ['https://refeds.org/profile/mfa'] }, false],
    [{}, false],
  ])('%j mean more than one factor: %s', async (claims, expected) => {
    expect((await assertionOf({ claims })).multiFactor).toBe(expected)
  })

  it('carry tags, transitive keys, source identity and roles as at AWS', async () => {
    const claims = {
      [`${aws}/tags`]: {
        principal_tags: { Project: ['Automation'], Team: 'blue' },
        transitive_tag_keys: ['Project'],
      },
      [`${aws}/source_identity`]: 'ada@acme',
      [`${aws}/roles`]: ['arn:aws:iam::111122223333:role/deploy'],
    }
    const assertion = await assertionOf({ claims })
    expect(Object.fromEntries(assertion.tags)).toEqual({ Project: 'Automation', Team: 'blue' })
    expect(assertion).toMatchObject({
      transitiveTagKeys: ['Project'],
      sourceIdentity: 'ada@acme',
      roleClaims: [{ roleArn: 'arn:aws:iam::111122223333:role/deploy' }],
    })
  })

  it('carry tags flattened, and one role as text', async () => {
    const claims = {
      [`${aws}/tags/principal_tags/Project`]: 'Automation',
      [`${aws}/tags/principal_tags/__proto__`]: ['x'],
      [`${aws}/tags/transitive_tag_keys`]: 'Project',
      [`${aws}/roles`]: 'arn:aws:iam::111122223333:role/deploy',
    }
    const assertion = await assertionOf({ claims })
    expect([...assertion.tags]).toEqual([
      ['Project', 'Automation'],
      ['__proto__', 'x'],
    ])
    expect(assertion.transitiveTagKeys).toEqual(['Project'])
    expect(assertion.roleClaims).toHaveLength(1)
  })

  it('become tags and source identity where that is configured', async () => {
    const change: Partial<OidcSettings> = {
      sessionTags: [
        { from: 'org.unit', to: 'Unit', transitive: true, required: true },
        { from: 'cost_center', to: 'CostCenter', transitive: false, required: false },
      ],
      sourceIdentity: { from: 'preferred_username', required: false },
    }
    const claims = { org: { unit: ['payments'] }, cost_center: 4711, preferred_username: 'ada' }
    const assertion = await assertionOf({ claims }, change)
    expect(Object.fromEntries(assertion.tags)).toEqual({ Unit: 'payments', CostCenter: '4711' })
    expect(assertion).toMatchObject({ transitiveTagKeys: ['Unit'], sourceIdentity: 'ada' })

    const refused = async (more: Members, reason: string) =>
      expect(assertionOf({ claims: { ...claims, ...more } }, change)).rejects.toMatchObject({
        code: 'InvalidAssertion',
        reason,
      })
    await refused({ org: {} }, 'oidc:required-attribute')
    await refused({ org: { unit: ['a', 'b'] } }, 'oidc:attribute-values')
    await refused({ org: { unit: { name: 'a' } } }, 'oidc:attribute-values')
    await refused({ cost_center: 2 ** 60 }, 'oidc:attribute-values')
    await refused({ cost_center: 1.5 }, 'oidc:attribute-values')
    await refused({ cost_center: 'R&D' }, 'oidc:session-tag')
    await refused({ preferred_username: 'ada lovelace' }, 'oidc:source-identity')
    await refused({ [`${aws}/source_identity`]: 'grace' }, 'oidc:source-identity')
    await refused({ [`${aws}/tags`]: { principal_tags: { unit: ['sales'] } } }, 'oidc:session-tag')
  })

  it('make no tag and no source identity of an address that the issuer did not verify', async () => {
    const change = { sourceIdentity: { from: 'email', required: false } }
    const email = 'ada@acme.example'
    expect(await assertionOf({ claims: { email, email_verified: true } }, change)).toMatchObject({
      sourceIdentity: email,
    })
    for (const email_verified of [false, 'true', undefined]) {
      expect(await assertionOf({ claims: { email, email_verified } }, change)).not.toHaveProperty(
        'sourceIdentity',
      )
    }
  })

  it.each([
    ['nested', { [`${aws}/tags`]: { principal_tags: { admin: ['true'], Project: ['x'] } } }],
    [
      'flattened',
      { [`${aws}/tags/principal_tags/admin`]: 'true', [`${aws}/tags/principal_tags/Project`]: 'x' },
    ],
  ])('STS-30 carry only the tags that the issuer may assert: %s', async (_form, claims) => {
    const { tags } = await assertionOf({ claims }, { allowTagKeys: ['project'] })
    expect([...tags]).toEqual([['Project', 'x']])
  })

  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, ['v']]))
  it.each<[string, Members]>([
    ['tags that are text', { [`${aws}/tags`]: 'admin' }],
    ['tags that are a list', { [`${aws}/tags`]: ['admin'] }],
    ['principal tags that are a list', { [`${aws}/tags`]: { principal_tags: ['admin'] } }],
    ['a tag with two values', { [`${aws}/tags`]: { principal_tags: { a: ['b', 'c'] } } }],
    ['a tag without a value', { [`${aws}/tags`]: { principal_tags: { a: [] } } }],
    ['a tag that is a number', { [`${aws}/tags`]: { principal_tags: { a: 7 } } }],
    ['a tag that is nothing', { [`${aws}/tags`]: { principal_tags: { a: null } } }],
    ['a tag with other characters', { [`${aws}/tags`]: { principal_tags: { a: ['<'] } } }],
    ['a tag key with other characters', { [`${aws}/tags`]: { principal_tags: { 'a*': ['b'] } } }],
    ['a tag key that is empty', { [`${aws}/tags/principal_tags/`]: 'b' }],
    ['a tag of the reserved kind', { [`${aws}/tags`]: { principal_tags: { 'aws:userid': ['b'] } } }],
    ['a tag twice, but for case', { [`${aws}/tags`]: { principal_tags: { a: ['b'], A: ['b'] } } }],
    ['51 tags', { [`${aws}/tags`]: { principal_tags: many } }],
    ['transitive keys that are an object', { [`${aws}/tags`]: { transitive_tag_keys: {} } }],
    ['51 transitive keys', { [`${aws}/tags`]: { transitive_tag_keys: Object.keys(many) } }],
    ['a source identity that is a list', { [`${aws}/source_identity`]: ['ada'] }],
    ['a source identity with a colon', { [`${aws}/source_identity`]: 'aws:ada' }],
    ['roles that are an object', { [`${aws}/roles`]: {} }],
    ['a session id that is a number', { sid: 7 }],
    ['a session id that is long', { sid: 'x'.repeat(257) }],
    ['a session id with a line break', { sid: 'a\nb' }],
  ])('STS-31 are refused when they hold %s', async (_what, claims) => {
    await expect(assertionOf({ claims })).rejects.toMatchObject({ name: 'Fault', code: 'InvalidAssertion' })
  })

  it('name the issuer’s own session', async () => {
    expect(await assertionOf({ claims: { sid: '08a5019c-17e1-4977' } })).toMatchObject({
      providerSession: '08a5019c-17e1-4977',
    })
    expect(await assertionOf()).not.toHaveProperty('providerSession')
  })

  it('name people by the configured claims, and by subject when they do not', async () => {
    const claims = {
      preferred_username: 'ada',
      name: 'Ada',
      email: 'ada@acme.example',
      auth_time: seconds - 60,
    }
    expect(await assertionOf({ claims })).toMatchObject({
      username: 'ada',
      displayName: 'Ada',
      email: 'ada@acme.example',
      authenticatedAt: new Date((seconds - 60) * 1000),
    })
    const odd = { preferred_username: ['ada'], name: '', email: 7, auth_time: seconds + 60 }
    const assertion = await assertionOf({ claims: odd })
    expect(assertion).toMatchObject({
      username: 'repo:acme/web',
      displayName: 'repo:acme/web',
      authenticatedAt: new Date(seconds * 1000),
    })
    expect(assertion.email).toBeUndefined()
    expect(assertion.roleClaims).toBeUndefined()
  })

  it.each([
    ['without typ', { omit: ['typ'] }],
    ['with typ jwt', { header: { typ: 'jwt' } }],
    ['with typ application/jwt', { header: { typ: 'application/JWT' } }],
    ['with x5t, a mere fingerprint', { header: { x5t: 'abc' } }],
    ['of which the payload says typ ID', { claims: { typ: 'ID' } }],
    ['that expired within the skew', { claims: { exp: seconds - 59, iat: seconds - 100 } }],
    ['issued within the skew ahead', { claims: { iat: seconds + 59 } }],
    ['with a nonce of somebody else', { claims: { nonce: 'x' } }],
  ] as const)('are taken from a token %s', async (_name, parts) => {
    await expect(assertionOf(parts)).resolves.toMatchObject({ subject: 'repo:acme/web' })
  })

  it('are taken from a token file with white space around the token', async () => {
    const provider = createOidcProvider(oidcSettings(issuer.issuer), { now: clock.now, log: keptLog() })
    await expect(provider.token!.verify(`\r\n ${issuer.sign()}\n`)).resolves.toBeDefined()
  })
})
