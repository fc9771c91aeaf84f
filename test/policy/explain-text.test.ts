import { describe, expect, it } from '@jest/globals'
import { array, assert, constantFrom, integer, property, record, stringMatching } from 'fast-check'
import type { AuthorizationRequest, PolicyLayers } from '../../src/policy/evaluate.js'
import { explain } from '../../src/policy/explain.js'
import { explainHtml, explainHtmlSafely } from '../../src/policy/explain-html.js'
import { explainText, explainTextSafely } from '../../src/policy/explain-text.js'
import { compiled, compiledLayers } from './compiled.js'
import { createDice, randomRequest } from './random-request.js'

const account = '111122223333'
const corp = `arn:aws:iam::${account}:ldap-provider/corp`
const request: AuthorizationRequest = {
  principal: { type: 'federated', provider: corp },
  action: 'sts:AssumeRoleWithLDAPIdentity',
  resource: `arn:aws:iam::${account}:role/app`,
  resourceAccount: account,
  context: new Map<string, string | readonly string[]>([
    ['ldap:groups', ['dev', 'staff']],
    ['ldap:department', 'Sales'],
  ]),
}

function trust(...statements: readonly object[]): PolicyLayers {
  const Statement = statements.map((statement) => ({
    Effect: 'Allow',
    Principal: { Federated: corp },
    Action: 'sts:AssumeRoleWithLDAPIdentity',
    ...statement,
  }))
  return {
    identity: [],
    resource: compiled({ Version: '2012-10-17', Statement }, 'trust', 'trust policy of app'),
  }
}

const told = (layers: PolicyLayers) => explain(request, layers)
const lines = (layers: PolicyLayers) => explainText(told(layers)).split('\n')

describe('the full text', () => {
  it('says what a condition wants and what the request has', () => {
    const Condition = { 'ForAnyValue:StringEquals': { 'ldap:groups': ['prod-admins'] } }
    expect(lines(trust({ Sid: 'Admins', Condition }))).toEqual([
      'denied: no Allow from resource policy',
      'resource policy:',
      '  Allow `Admins` of `trust policy of app` does not match: condition `ForAnyValue:StringEquals ldap:groups`' +
        ' wants one of `prod-admins`; the request has `dev`, `staff`',
    ])
  })

  it.each([
    [{ StringEquals: { 'ldap:x': 'a' } }, 'wants one of `a`; the request has no such key'],
    [
      { StringNotEquals: { 'ldap:department': 'Sales' } },
      'wants anything but `Sales`; the request has `Sales`',
    ],
    [{ StringLike: { 'ldap:department': 'Eng*' } }, 'wants something like `Eng*`; the request has `Sales`'],
    [{ NumericLessThan: { 'ldap:department': '5' } }, 'wants less than `5`; the request has `Sales`'],
    [{ Null: { 'ldap:groups': 'true' } }, 'wants no such key; the request has `dev`, `staff`'],
    [{ Null: { 'ldap:x': 'false' } }, 'wants the key to be there; the request has no such key'],
    [
      { 'ForAllValues:StringEquals': { 'ldap:groups': ['dev'] } },
      'wants every value to be one of `dev`; the request has `dev`, `staff`',
    ],
    [
      { StringEquals: { 'ldap:groups': 'dev' } },
      'wants one of `dev`; the request has a list (`dev`, `staff`), which only `ForAnyValue:` and `ForAllValues:` compare',
    ],
  ])('words %j', (Condition, words) => {
    expect(lines(trust({ Condition }))[2]).toMatch(new RegExp(`${escapeRegExp(words)}$`))
  })

  it('puts what matched first and what came closest next', () => {
    const told = lines(
      trust(
        { Sid: 'Action', Action: 'sts:TagSession' },
        { Sid: 'Who', Principal: { AWS: account } },
        { Sid: 'Condition', Condition: { StringEquals: { 'ldap:department': 'X' } } },
        { Sid: 'Matches' },
      ),
    )
    expect(told.slice(2).map((line) => /`(\w+)`/.exec(line)?.[1])).toEqual([
      'Matches',
      'Condition',
      'Who',
      'Action',
    ])
    expect(told[0]).toBe('allowed by Allow `Matches` of `trust policy of app`')
  })

  it('says that naming the account leaves it to that account', () => {
    const user = { type: 'user', account, arn: `arn:aws:iam::${account}:user/ann` } as const
    const layers = trust({ Principal: { AWS: account }, Action: 'sts:AssumeRole' })
    const text = explainText(explain({ ...request, principal: user, action: 'sts:AssumeRole' }, layers))
    expect(text).toContain('matches by naming the account, which leaves it to the policies of that account')
    expect(text).toContain('denied: no Allow from identity policies')
  })

  it('keeps control characters, line ends and the quotation marks themselves out of quotations', () => {
    const found = { ...request, context: new Map([['ldap:department', 'a`\n\u001b[2J\u202e']]) }
    const layers = trust({ Condition: { StringEquals: { 'ldap:department': 'b' } } })
    expect(explainText(explain(found, layers)).split('\n')).toHaveLength(3)
    expect(explainText(explain(found, layers))).toContain('has `a\ufffd\ufffd\ufffd[2J\ufffd`')
  })

  it('stays short when policies are huge', () => {
    const values = Array.from({ length: 300 }, (_, i) => `value-${i}-${'x'.repeat(200)}`)
    const Condition = { StringEquals: { 'ldap:department': values } }
    const statement = { Effect: 'Allow', Action: '*', Resource: '*', Condition }
    const limits = {
      identity: 1e9,
      trust: 1e9,
      resource: 1e9,
      boundary: 1e9,
      session: 1e9,
      'service-control': 1e9,
      'resource-control': 1e9,
    }
    const document = compiled(
      { Version: '2012-10-17', Statement: Array.from({ length: 500 }, () => statement) },
      'identity',
      'huge',
      limits,
    )
    const layers = { identity: Array.from({ length: 20 }, () => document) }
    const explanation = explain({ ...request, principal: { type: 'user', account, arn: 'x' } }, layers)
    expect(explainText(explanation).length).toBeLessThan(20_000)
    expect(explainHtml(explanation).length).toBeLessThan(40_000)
    expect(explainText(explanation)).toContain('and 294 more')
    expect(explainText(explanation)).toContain('9988 more statements')
  })

  it('tells every random decision, in every layer that has anything to say', () => {
    assert(
      property(integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        const { request, layers } = randomRequest(createDice(seed))
        const explanation = explain(request, compiledLayers(layers))
        const [headline] = explainText(explanation).split('\n')
        const { outcome } = explanation.decision
        expect(headline).toMatch(
          outcome === 'allowed'
            ? /^allowed by /
            : outcome === 'explicitDeny'
              ? /^denied explicitly by /
              : /^denied: no/,
        )
      }),
    )
  })
})

describe('the HTML', () => {
  it('escapes everything that comes from a policy or a request', () => {
    const Condition = { StringEquals: { 'ldap:department': '<img src=x onerror="alert(1)">&\'' } }
    const html = explainHtml(told(trust({ Condition })))
    expect(html).toContain('<code>&#60;img src=x onerror=&#34;alert(1)&#34;&#62;&#38;&#39;</code>')
    expect(html).not.toContain('<img')
  })

  it('has no tags but its own, and no attributes but class', () => {
    assert(
      property(integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        const { request, layers } = randomRequest(createDice(seed))
        const html = explainHtml(explain(request, compiledLayers(layers)))
        const rest = html.replace(/<\/?(?:div|section|ul|li|p|h4|code)(?: class="[a-zA-Z -]+")?>/g, '')
        expect(rest).not.toMatch(/[<>"]/)
      }),
    )
  })
})

describe('the safe version', () => {
  it('says which layer lacks an Allow and what kinds of facts it looked at', () => {
    const layers = trust(
      { Condition: { 'ForAnyValue:StringEquals': { 'ldap:groups': 'admins' } } },
      { Condition: { StringEquals: { 'ldap:department': 'X' } } },
      { Principal: { AWS: account } },
    )
    expect(explainTextSafely(told(layers))).toBe(
      "Denied: the resource's policies do not allow it. They looked at who asks, group membership, what the identity provider said.",
    )
    expect(explainHtmlSafely(told(layers))).toBe(
      '<div class="explanation explanation-implicitDeny"><p class="explanation-outcome">Denied: the resource&#39;s ' +
        'policies do not allow it. They looked at who asks, group membership, what the identity provider said.</p></div>',
    )
  })

  it('says which layer holds a Deny', () => {
    expect(explainTextSafely(told(trust({ Effect: 'Deny' })))).toBe(
      "Denied: the resource's policies forbid it explicitly.",
    )
    expect(explainTextSafely(told(trust({})))).toBe('Allowed.')
  })

  /** Every text of these policies has digits, and no fixed word has. */
  const token = stringMatching(/^[a-z]{3}[0-9]{5}$/)
  const statement = record({
    Effect: constantFrom('Allow', 'Deny'),
    Sid: token,
    service: token,
    name: token,
    bucket: token,
    key: token,
    prefix: constantFrom('saml', 'ldap', 'aws', 'aws:PrincipalTag', 'sts', ''),
    value: token,
    operator: constantFrom('StringEquals', 'ForAnyValue:StringLike', 'StringNotEquals', 'Null'),
  })

  it('never holds any text of a policy', () => {
    assert(
      property(
        array(statement, { minLength: 1, maxLength: 4 }),
        token,
        integer({ min: 0, max: 7 }),
        (sketches, document, hits) => {
          const Statement = sketches.map(
            ({ Effect, Sid, service, name, bucket, key, prefix, value, operator }, i) => ({
              Effect,
              Sid: `${Sid}${i}`,
              Action: `${service}:${name}`,
              Resource: `arn:aws:${service}:::${bucket}/*`,
              Condition: {
                [operator]: {
                  [prefix === 'aws:PrincipalTag' ? `${prefix}/${key}` : `${prefix || key}:${key}`]:
                    operator === 'Null' ? 'true' : value,
                },
              },
            }),
          )
          const [first] = sketches
          const layers: PolicyLayers = {
            identity: [compiled({ Version: '2012-10-17', Statement }, 'identity', document)],
          }
          const asked: AuthorizationRequest = {
            principal: { type: 'user', account, arn: `arn:aws:iam::${account}:user/ann` },
            action: (hits & 1) === 0 ? `${first!.service}:${first!.name}` : 's3:GetObject',
            resource: (hits & 2) === 0 ? `arn:aws:${first!.service}:::${first!.bucket}/x` : '*',
            resourceAccount: account,
            context: (hits & 4) === 0 ? new Map([[`ldap:${first!.key}`, first!.value]]) : new Map(),
          }
          const explanation = explain(asked, layers)
          const safe = explainTextSafely(explanation) + explainHtmlSafely(explanation)
          const texts = [
            document,
            ...sketches.flatMap(({ Effect: _e, operator: _o, prefix: _p, ...own }) => Object.values(own)),
          ]
          for (const text of texts) expect(safe).not.toContain(text)
          expect(safe).not.toContain('StringEquals')
        },
      ),
      { numRuns: 500 },
    )
  })

  it('is made of plain words whatever the policies are', () => {
    assert(
      property(integer({ min: 0, max: 2 ** 31 - 1 }), (seed) => {
        const { request, layers } = randomRequest(createDice(seed))
        const safe = explainTextSafely(explain(request, compiledLayers(layers)))
        expect(safe).toMatch(/^[A-Za-z ,.:']{8,600}$/)
        expect(safe).not.toMatch(/[a-z]:[A-Za-z]/)
      }),
    )
  })
})

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
