import { describe, expect, it } from '@jest/globals'
import { compilePolicy, type PolicyKind } from '../../src/policy/document.js'
import { evaluate } from '../../src/policy/evaluate.js'
import { indexOfFragment } from '../../src/policy/fragment.js'
import { globOf, matchesGlob, wildcardPieces } from '../../src/policy/glob.js'
import { awsLimits } from '../../src/policy/kind.js'

const roomy = { ...awsLimits, identity: 50_000_000 }

function codes(source: unknown, kind: PolicyKind = 'identity', limits = awsLimits): readonly string[] {
  const result = compilePolicy(source, kind, 'hostile', limits)
  return result.ok ? [] : [...new Set(result.problems.map(({ code }) => code))]
}

const statement = { Effect: 'Allow', Action: '*', Resource: '*' }

describe('hostile documents', () => {
  it('nested a million levels deep are refused', () => {
    expect(codes('['.repeat(1_000_000))).toEqual(['NESTED_TOO_DEEP'])
    expect(codes('{"a":'.repeat(200_000))).toEqual(['NESTED_TOO_DEEP'])
    let deep: unknown = []
    for (let i = 0; i < 100_000; i += 1) deep = [deep]
    expect(codes(deep)).toEqual(['NESTED_TOO_DEEP'])
  })

  it('of ten megabytes are refused, read or unread', () => {
    const values = Array.from({ length: 500_000 }, (_, i) => `value ${i} and more`)
    const large = {
      Version: '2012-10-17',
      Statement: { ...statement, Condition: { StringEquals: { 'a:b': values } } },
    }
    const text = JSON.stringify(large)
    expect(text.length).toBeGreaterThan(10_000_000)
    expect(codes(text)).toEqual(['DOCUMENT_TOO_LARGE'])
    expect(codes(large)).toEqual(['DOCUMENT_TOO_LARGE'])
    expect(codes(text, 'identity', roomy)).toEqual([])
  })

  it('that hold a cycle, a getter that throws, or no data at all are refused', () => {
    const cycle: Record<string, unknown> = { Version: '2012-10-17' }
    cycle['Statement'] = [cycle]
    expect(codes(cycle)).toEqual(['NESTED_TOO_DEEP'])
    const trap = Object.defineProperty({}, 'Statement', {
      enumerable: true,
      get() {
        throw new Error('no')
      },
    })
    expect(codes(trap)).toEqual(['UNREADABLE_VALUE'])
    for (const nothing of [undefined, () => 1, Symbol('x'), Number.NaN, new Date(), new Map()]) {
      expect(codes(nothing)).toEqual(['DATA_TYPE_MISMATCH'])
    }
  })

  it('leave the prototype of objects alone', () => {
    const text = '{"Version":"2012-10-17","Statement":[],"__proto__":{"polluted":true}}'
    expect(codes(text)).toEqual(['INVALID_POLICY_ELEMENT'])
    expect(codes(JSON.parse(text))).toEqual(['INVALID_POLICY_ELEMENT'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('do not get members from a polluted prototype', () => {
    const inherited = Object.create({ Statement: [statement] }) as Record<string, unknown>
    expect(codes(inherited)).toEqual(['DATA_TYPE_MISMATCH'])
  })

  it('with a hundred thousand values are judged', () => {
    const values = Array.from({ length: 100_000 }, (_, i) => `v${i}`)
    const source = {
      Version: '2012-10-17',
      Statement: { ...statement, Condition: { StringEquals: { 'a:b': values } } },
    }
    const result = compilePolicy(source, 'identity', 'many', { ...awsLimits, identity: 5_000_000 })
    if (!result.ok) throw new Error('expected a policy')
    const request = {
      principal: { type: 'user', account: '1', arn: 'a' } as const,
      action: 'a:b',
      resource: '*',
      resourceAccount: '1',
    }
    const layers = { identity: [result.policy] }
    expect(evaluate({ ...request, context: new Map([['a:b', 'v99999']]) }, layers).outcome).toBe('allowed')
    expect(evaluate({ ...request, context: new Map([['a:b', 'v100000']]) }, layers).outcome).toBe(
      'implicitDeny',
    )
  })
})

describe('hostile requests', () => {
  const patterns = '*a'.repeat(500_000)
  const decide = (
    statement: Record<string, unknown>,
    asked: {
      readonly action?: string
      readonly resource?: string
      readonly values?: string | readonly string[]
    },
  ) => {
    const source = {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: '*', Resource: '*', ...statement },
    }
    const result = compilePolicy(source, 'identity', 'hostile', roomy)
    if (!result.ok) throw new Error(JSON.stringify(result.problems).slice(0, 500))
    const { action = 'a:b', resource = '*', values } = asked
    const context = new Map(values === undefined ? [] : [['a:b', values]])
    const principal = { type: 'user', account: '1', arn: 'a' } as const
    const request = { principal, action, resource, resourceAccount: '1', context }
    return evaluate(request, { identity: [result.policy] }).outcome
  }

  it('against patterns of a million characters are judged, wherever the pattern stands', () => {
    const long = 'a'.repeat(1_000_000)
    const last = `${long}b`
    expect(decide({ Action: `a:${patterns}` }, { action: `a:${long}` })).toBe('allowed')
    expect(decide({ Action: `a:${patterns}` }, { action: `a:${last}` })).toBe('implicitDeny')
    expect(decide({ Resource: `arn:aws:s3:::${patterns}` }, { resource: `arn:aws:s3:::${long}` })).toBe(
      'allowed',
    )
    expect(decide({ Resource: `arn:aws:s3*${patterns}*` }, { resource: `arn:aws:s3:::${last}` })).toBe(
      'implicitDeny',
    )
    for (const operator of ['StringLike', 'ForAnyValue:StringLike']) {
      const condition = { Condition: { [operator]: { 'a:b': patterns } } }
      expect(decide(condition, { values: operator.includes(':') ? [last, long] : long })).toBe('allowed')
      expect(decide(condition, { values: operator.includes(':') ? [last] : last })).toBe('implicitDeny')
    }
    const arn = { Condition: { ArnLike: { 'a:b': `arn:aws:s3:::${patterns}` } } }
    expect(decide(arn, { values: `arn:aws:s3:::${long}` })).toBe('allowed')
    expect(decide(arn, { values: `arn:aws:s3:::${last}` })).toBe('implicitDeny')
  })

  it('with a hundred thousand values are judged', () => {
    const values = Array.from({ length: 100_000 }, (_, i) => `value-${i}`)
    const any = { Condition: { 'ForAnyValue:StringLike': { 'a:b': ['x*', '*-99999'] } } }
    const all = { Condition: { 'ForAllValues:StringLike': { 'a:b': 'value-*' } } }
    expect(decide(any, { values })).toBe('allowed')
    expect(decide(all, { values })).toBe('allowed')
    expect(decide(all, { values: [...values, 'other'] })).toBe('implicitDeny')
  })

  it('with a million colons in their resource are judged', () => {
    const colons = ':'.repeat(1_000_000)
    const resource = 'arn:*:*:*:*:*b'
    expect(decide({ Resource: resource }, { resource: `arn${colons}b` })).toBe('allowed')
    expect(decide({ Resource: resource }, { resource: `arn${colons}c` })).toBe('implicitDeny')
    expect(decide({ Condition: { ArnLike: { 'a:b': resource } } }, { values: `arn${colons}c` })).toBe(
      'implicitDeny',
    )
  })

  it('with half a surrogate pair are other text than the whole pair and than the replacement character', () => {
    const high = '\ud83d'
    const low = '\ude00'
    for (const operator of ['StringEquals', 'StringLike', 'StringEqualsIgnoreCase']) {
      const condition = { Condition: { [operator]: { 'a:b': high } } }
      expect(decide(condition, { values: high })).toBe('allowed')
      for (const other of [low, high + low, '\ufffd', '']) {
        expect(decide(condition, { values: other })).toBe('implicitDeny')
      }
    }
    expect(decide({ Condition: { StringLike: { 'a:b': `${high}?` } } }, { values: high + low })).toBe(
      'allowed',
    )
    expect(decide({}, { action: `a:${high}`, resource: `arn:aws:s3:::${low}` })).toBe('allowed')
  })

  it('with keys named after members of objects have just those keys', () => {
    for (const name of ['constructor', '__proto__', 'hasOwnProperty', 'toString']) {
      const absent = JSON.parse(`{"StringEquals":{"a:${name}":"x"},"Null":{"k:${name}":"true"}}`) as unknown
      expect(decide({ Condition: absent }, {})).toBe('implicitDeny')
      const written = JSON.parse(`{"Null":{"a:${name}":"true","k:${name}":"true"}}`) as unknown
      expect(decide({ Condition: written }, {})).toBe('allowed')
      expect(codes(`{"Version":"2012-10-17","Statement":{"${name}":1}}`)).toContain('INVALID_POLICY_ELEMENT')
    }
  })
})

describe('matching', () => {
  const matches = (pattern: string, text: string) => matchesGlob(globOf(wildcardPieces(pattern)), text)

  // Each of these takes hours, or for ever, when a matcher backtracks.
  it('ends soon whatever the pattern', () => {
    const text = 'a'.repeat(1_000_000)
    expect(matches('*a'.repeat(500_000), text)).toBe(true)
    expect(matches(`${'*a'.repeat(500_000)}b`, text)).toBe(false)
    expect(matches(`${'*a?'.repeat(300_000)}b*`, text)).toBe(false)
    expect(matches(`*${'a'.repeat(100_000)}b*`, text)).toBe(false)
    expect(matches(`*b${'a'.repeat(100_000)}*`, text)).toBe(false)
    expect(matches(`*${'a?'.repeat(1_000)}b*`, text.slice(0, 50_000))).toBe(false)
  })

  it('finds fragments where a plain search does', () => {
    let state = 7
    const roll = (limit: number) => (state = (state * 48_271) % 2_147_483_647) % limit
    const word = (length: number) => Array.from({ length }, () => 'ab'[roll(2)]).join('')
    for (let i = 0; i < 3_000; i += 1) {
      const text = word(150 + roll(100))
      const at = roll(80)
      const wanted = roll(3) === 0 ? word(1 + roll(80)) : text.slice(at, at + 1 + roll(100))
      const from = roll(90)
      expect(indexOfFragment({ text: wanted, holes: undefined }, text, from)).toBe(text.indexOf(wanted, from))
      const holes = [...new Set([roll(wanted.length), roll(wanted.length)])].sort((a, b) => a - b)
      const holed = wanted
        .split('')
        .map((char, j) => (holes.includes(j) ? '?' : char))
        .join('')
      const start = text.slice(from).search(new RegExp(holed.replaceAll('?', '.')))
      expect(indexOfFragment({ text: holed, holes }, text, from)).toBe(start < 0 ? -1 : start + from)
    }
  })
})
