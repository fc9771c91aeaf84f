import { describe, expect, it } from '@jest/globals'
import {
  sessionClaims,
  type SessionClaims,
  type SessionClaimsSettings,
} from '../../src/federation/session-claims.js'
import { isSourceIdentity } from '../../src/federation/session-tag.js'
import { keptLog } from '../support/silent-log.js'

type Said = Readonly<Record<string, readonly string[]>>

const tag = (from: string, to: string, more: { transitive?: boolean; required?: boolean } = {}) => ({
  from,
  to,
  transitive: false,
  required: false,
  ...more,
})

function asserted(
  tags: Readonly<Record<string, string>>,
  more: Partial<Omit<SessionClaims, 'tags'>> = {},
): SessionClaims {
  return { tags: new Map(Object.entries(tags)), transitiveTagKeys: [], ...more }
}

function claims(
  settings: Partial<SessionClaimsSettings>,
  said: Said = {},
  own?: SessionClaims,
  log = keptLog(),
): { tags: Record<string, string>; transitiveTagKeys: readonly string[]; sourceIdentity?: string } {
  const valuesOf = (from: string) => said[from] ?? []
  const { tags, ...rest } = sessionClaims(
    { kind: 'ldap', name: 'corp', ...settings },
    { valuesOf, ...(own === undefined ? {} : { asserted: own }) },
    log,
  )
  return { ...rest, tags: Object.fromEntries(tags) }
}

const mapping = {
  sessionTags: [tag('departmentNumber', 'CostCenter', { transitive: true }), tag('ou', 'Team')],
  sourceIdentity: { from: 'uid', required: false },
}

describe('session tags and source identity', () => {
  it('are nothing when nobody says anything', () => {
    expect(claims({})).toEqual({ tags: {}, transitiveTagKeys: [] })
    expect(claims(mapping)).toEqual({ tags: {}, transitiveTagKeys: [] })
    expect(claims(mapping, { departmentNumber: [''], uid: [''] })).toEqual({
      tags: {},
      transitiveTagKeys: [],
    })
  })

  it('are made of the attributes that are mapped', () => {
    const said = { departmentNumber: ['4711', '4711'], ou: ['blue team'], uid: ['ada'], title: ['Countess'] }
    expect(claims(mapping, said)).toEqual({
      tags: { CostCenter: '4711', Team: 'blue team' },
      transitiveTagKeys: ['CostCenter'],
      sourceIdentity: 'ada',
    })
  })

  it('leave the transitive key out with its tag', () => {
    expect(claims(mapping, { ou: ['blue'] })).toEqual({ tags: { Team: 'blue' }, transitiveTagKeys: [] })
  })

  it.each<[string, Partial<SessionClaimsSettings>, Said, SessionClaims | undefined, string]>([
    ['two values for a tag', mapping, { ou: ['blue', 'red'] }, undefined, 'ldap:attribute-values'],
    [
      'two values for the source identity',
      mapping,
      { uid: ['a1', 'b1'] },
      undefined,
      'ldap:attribute-values',
    ],
    ['a value with other characters', mapping, { ou: ['R&D'] }, undefined, 'ldap:session-tag'],
    ['a value with a line break', mapping, { ou: ['blue\nred'] }, undefined, 'ldap:session-tag'],
    ['a long value', mapping, { ou: ['x'.repeat(257)] }, undefined, 'ldap:session-tag'],
    ['a source identity with a blank', mapping, { uid: ['ada l'] }, undefined, 'ldap:source-identity'],
    [
      'a source identity of the reserved kind',
      mapping,
      { uid: ['aws:ada'] },
      undefined,
      'ldap:source-identity',
    ],
    ['a source identity of one letter', mapping, { uid: ['a'] }, undefined, 'ldap:source-identity'],
    ['a long source identity', mapping, { uid: ['a'.repeat(65)] }, undefined, 'ldap:source-identity'],
    [
      'a tag that is required and missing',
      { sessionTags: [tag('ou', 'Team', { required: true })] },
      { ou: [''] },
      undefined,
      'ldap:required-attribute',
    ],
    [
      'a source identity that is required and missing',
      { sourceIdentity: { from: 'uid', required: true } },
      {},
      asserted({}, { sourceIdentity: 'ada' }),
      'ldap:required-attribute',
    ],
    [
      'an asserted tag that differs',
      mapping,
      { ou: ['blue'] },
      asserted({ team: 'red' }),
      'ldap:session-tag',
    ],
    ['an asserted tag for a missing attribute', mapping, {}, asserted({ Team: 'red' }), 'ldap:session-tag'],
    [
      'an asserted source identity that differs',
      mapping,
      { uid: ['ada'] },
      asserted({}, { sourceIdentity: 'grace' }),
      'ldap:source-identity',
    ],
    [
      'an asserted source identity for a missing attribute',
      mapping,
      {},
      asserted({}, { sourceIdentity: 'grace' }),
      'ldap:source-identity',
    ],
    ['an asserted key of the reserved kind', {}, {}, asserted({ 'AWS:userid': 'x' }), 'ldap:session-tag'],
    ['an asserted key twice', {}, {}, asserted({ Team: 'a', TEAM: 'a' }), 'ldap:session-tag'],
    [
      'more than 50 tags from both sources',
      mapping,
      { ou: ['blue'] },
      asserted(Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'v']))),
      'ldap:session-tag',
    ],
  ])('STS-30 STS-32 are refused for %s', (_what, settings, said, own, reason) => {
    const attempt = () => claims(settings, said, own)
    expect(attempt).toThrow(expect.objectContaining({ name: 'Fault', code: 'InvalidAssertion', reason }))
  })

  it('are refused with a log line that names the attribute and says no value', () => {
    const log = keptLog()
    expect(() => claims(mapping, { ou: ['secret & more'] }, undefined, log)).toThrow('cannot be used')
    expect(log.lines).toEqual([
      {
        event: 'session claims refused',
        fields: {
          provider: 'corp',
          reason: 'ldap:session-tag',
          detail: 'attribute ou is no value for the tag Team',
        },
      },
    ])
  })

  it('are taken from both sources where these agree, under the key that is configured', () => {
    const own = asserted(
      { TEAM: 'blue', Project: 'x' },
      { transitiveTagKeys: ['team'], sourceIdentity: 'ada' },
    )
    expect(claims(mapping, { ou: ['blue'], uid: ['ada'] }, own)).toEqual({
      tags: { Team: 'blue', Project: 'x' },
      transitiveTagKeys: ['team'],
      sourceIdentity: 'ada',
    })
  })

  it('STS-30 are taken from the provider only under the keys that it may assert, and what is dropped is logged', () => {
    const log = keptLog()
    const own = asserted({ admin: 'true', project: 'x' }, { transitiveTagKeys: ['admin', 'project'] })
    expect(claims({ allowTagKeys: ['Project'] }, {}, own, log)).toEqual({
      tags: { project: 'x' },
      transitiveTagKeys: ['project'],
    })
    expect(log.lines).toEqual([
      { event: 'session tags not taken', fields: { provider: 'corp', keys: ['admin'] } },
    ])
  })

  it('are the mapping’s alone where the provider may assert none', () => {
    const log = keptLog()
    const own = asserted({ Team: 'red' }, { transitiveTagKeys: ['Team'] })
    expect(claims({ ...mapping, allowTagKeys: [] }, { ou: ['blue'] }, own, log)).toEqual({
      tags: { Team: 'blue' },
      transitiveTagKeys: [],
    })
    expect(claims({ allowTagKeys: [] }, {}, undefined, log).tags).toEqual({})
    expect(log.lines).toHaveLength(1)
  })
})

describe('a source identity', () => {
  it.each(['ab', 'ada@example.com', 'a+b=c,d.e_f-g', 'A'.repeat(64)])('may be %s', (text) => {
    expect(isSourceIdentity(text)).toBe(true)
  })

  it.each(['', 'a', 'a b', 'aws:ada', 'AWS:x', 'a/b', 'ädä', 'ab\n', 'A'.repeat(65)])(
    'may not be %j',
    (text) => {
      expect(isSourceIdentity(text)).toBe(false)
    },
  )
})
