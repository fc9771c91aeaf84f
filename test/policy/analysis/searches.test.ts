import { describe, expect, it } from '@jest/globals'
import { assert, integer, property } from 'fast-check'
import {
  compileArnOperand,
  compileResourcePattern,
  matchesArnOperand,
  matchesResource,
} from '../../../src/policy/arn-pattern.js'
import { clauseOf, type Literal } from '../../../src/policy/analysis/clause.js'
import { findKeyValue } from '../../../src/policy/analysis/key-search.js'
import {
  arnPattern,
  type Pattern,
  patternOf,
  resourcePatterns,
} from '../../../src/policy/analysis/pattern.js'
import { createTextSearch, defaultWork, type TextSet } from '../../../src/policy/analysis/text-search.js'
import { holds } from '../../../src/policy/condition.js'
import type { ContextValue } from '../../../src/policy/context.js'
import { compilePolicy } from '../../../src/policy/document.js'
import { globOf, matchesGlob, wildcardPieces } from '../../../src/policy/glob.js'
import { createDice, type Dice } from '../random-request.js'

const seeds = integer({ min: 0, max: 2 ** 31 - 1 })
const texts = () => createTextSearch({ left: defaultWork })

function wordsUpTo(length: number, letters: readonly string[]): readonly string[] {
  const words = ['']
  let longest = ['']
  for (let i = 0; i < length; i += 1) {
    longest = longest.flatMap((word) => letters.map((letter) => word + letter))
    words.push(...longest)
  }
  return words
}

function randomText(dice: Dice, letters: readonly string[], most: number): string {
  return Array.from({ length: dice.below(most + 1) }, () => dice.one(letters)).join('')
}

describe('the search for a text', () => {
  const words = wordsUpTo(5, ['a', 'b', ':'])

  it('finds one whenever trying out finds one, and what it finds fits', () => {
    const seen = { none: 0, some: 0, unknown: 0 }
    assert(
      property(seeds, (seed) => {
        const dice = createDice(seed)
        const sets = Array.from({ length: 1 + dice.below(4) }, () => ({
          inside: dice.chance(0.5),
          globs: Array.from({ length: 1 + dice.below(3) }, () =>
            randomText(dice, ['a', 'b', '*', '*', '?', ':'], 4),
          ),
        }))
        const fits = (word: string) =>
          sets.every(
            ({ inside, globs }) =>
              globs.some((glob) => matchesGlob(globOf(wildcardPieces(glob)), word)) === inside,
          )
        const found = texts().find(
          sets.map(({ inside, globs }) => ({
            inside,
            patterns: globs.map((glob) => patternOf(wildcardPieces(glob))),
          })),
        )
        seen[found.type] += 1
        if (found.type === 'some') expect([found.value, fits(found.value)]).toEqual([found.value, true])
        else expect(words.filter(fits)).toEqual([])
      }),
      { numRuns: 1_500 },
    )
    expect(seen.none).toBeGreaterThan(300)
    expect(seen.some).toBeGreaterThan(300)
    expect(seen.unknown).toBe(0)
  }, 60_000)

  it('says that it does not know when the work is used up', () => {
    const patterns: readonly Pattern[] = [patternOf(wildcardPieces('*a??????????????????????b'))]
    const sets: readonly TextSet[] = [
      { inside: true, patterns },
      { inside: false, patterns: [patternOf(wildcardPieces('*b??????????????????????b'))] },
      { inside: false, patterns: [patternOf(wildcardPieces('*a?????????????????????b'))] },
      { inside: false, patterns: [patternOf(wildcardPieces('a*'))] },
      { inside: false, patterns: [patternOf(wildcardPieces('*ab'))] },
    ]
    expect(createTextSearch({ left: 100 }).find(sets).type).toBe('unknown')
  })

  it('knows that a variable equals itself, whatever its value, and that `*` covers it', () => {
    const variable = { key: 'aws:username', otherwise: undefined }
    const find = (inside: Pattern, outside: Pattern) =>
      texts().find([
        { inside: true, patterns: [inside] },
        { inside: false, patterns: [outside] },
      ]).type
    expect(
      find(patternOf(['b/', variable, '/x']), patternOf(['b/', variable, ...wildcardPieces('/*')])),
    ).toBe('none')
    expect(find(patternOf(['b/', variable]), patternOf(wildcardPieces('b/*')))).toBe('none')
    expect(find(patternOf(['b/', variable]), patternOf(wildcardPieces('b/?')))).toBe('some')
    expect(
      find(patternOf(['b/', variable]), patternOf(['b/', { key: 'aws:userid', otherwise: undefined }])),
    ).toBe('some')
    expect(find(patternOf(wildcardPieces('b/*')), patternOf(['b/', variable]))).toBe('some')
  })
})

describe('patterns as sequences of steps', () => {
  const letters = ['a', 's3', ':', ':', ':', '/', '*']
  const context = new Map<string, ContextValue>()

  it('resource patterns accept what the evaluator accepts', () => {
    let accepted = 0
    assert(
      property(seeds, (seed) => {
        const dice = createDice(seed)
        const written = `arn:${randomText(dice, [...letters, '*', '*:', '?', 'a*:'], 9)}`
        const pieces = wildcardPieces(written)
        const pattern = compileResourcePattern(pieces)
        const set = { inside: true, patterns: resourcePatterns(pattern, pattern.tail) }
        const search = texts()
        for (let i = 0; i < 30; i += 1) {
          const text = `arn:${randomText(dice, letters, 14)}`
          const matches = matchesResource(pattern, text, context)
          if (matches) accepted += 1
          expect([written, text, search.contains(set, text)]).toEqual([written, text, matches])
        }
      }),
      { numRuns: 900 },
    )
    expect(accepted).toBeGreaterThan(400)
  }, 60_000)

  it('ARN operands accept what the evaluator accepts', () => {
    let accepted = 0
    assert(
      property(seeds, (seed) => {
        const dice = createDice(seed)
        const written = randomText(dice, ['a', '*', '?', ':', ':', '*:'], 10)
        const operand = compileArnOperand(wildcardPieces(written))
        const pattern = arnPattern(wildcardPieces(written), written)
        expect(pattern === undefined).toBe(operand === undefined)
        if (operand === undefined || pattern === undefined) return
        const search = texts()
        for (let i = 0; i < 30; i += 1) {
          const text = written.replace(/[*?]/g, () => randomText(dice, ['a', 'b', ':'], 2))
          const matches = matchesArnOperand(operand, text)
          if (matches) accepted += 1
          expect([written, text, search.contains({ inside: true, patterns: [pattern] }, text)]).toEqual([
            written,
            text,
            matches,
          ])
        }
      }),
      { numRuns: 1_500 },
    )
    expect(accepted).toBeGreaterThan(400)
  }, 60_000)
})

interface Vocabulary {
  readonly operators: readonly string[]
  readonly wanted: readonly string[]
  readonly given: readonly string[]
}

const comparisons = (name: string) =>
  ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
    (end) => name + end,
  )

const vocabularies: readonly Vocabulary[] = [
  {
    operators: [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    wanted: ['a', 'A', 'ab', 'a*', '*b', 'a?', '*', '', '${*}', 'é', 'É'],
    given: ['', 'a', 'A', 'ab', 'AB', 'aB', 'abb', 'b', '*', 'é', 'É', 'x'],
  },
  {
    operators: comparisons('Numeric'),
    wanted: ['1', '1.0', '2', '-1', '1.05', '10', '99999999999999999999'],
    given: ['', '0', '1', '1.00', '1.01', '1.05', '1.5', '2', '3', '-1', '-5', '10', '11', 'one', '1e99'],
  },
  {
    operators: comparisons('Date'),
    wanted: ['2024-01-01T00:00:00Z', '1704067200', '2025', '2024-01-01T00:00:00.0001Z', '2024-06-01'],
    given: [
      '',
      '2023',
      '2024-01-01',
      '1704067200.00005',
      '2024-01-01T00:00:00.00005Z',
      '2024-03-01',
      '2025',
      '2026',
      'x',
    ],
  },
  {
    operators: ['Bool'],
    wanted: ['true', 'false', 'TRUE', 'yes'],
    given: ['', 'true', 'false', 'True', 'maybe'],
  },
  {
    operators: ['BinaryEquals'],
    wanted: ['QQ==', 'QUI=', '', 'Q'],
    given: ['', 'QQ==', 'QR==', 'QUI=', 'Q', 'QUJD'],
  },
  {
    operators: ['IpAddress', 'NotIpAddress'],
    wanted: [
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.0.0.7/31',
      '0.0.0.0/0',
      '0.0.0.0/1',
      '128.0.0.0/1',
      '::/0',
      '2001:db8::/32',
    ],
    given: [
      '',
      '10.0.0.1',
      '10.1.2.3',
      '10.0.0.6',
      '192.0.2.1',
      '10.0.0.0/8',
      '10.0.0.0/7',
      '0.0.0.0/0',
      '::1',
      '::/0',
      '2001:db8::1',
      'x',
    ],
  },
  {
    operators: ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike'],
    wanted: ['arn:aws:s3:::b/x', 'arn:aws:s3:::b/*', 'arn:*:*:::b/x', 'arn:*', 'arn:aws:s?:::*'],
    given: [
      '',
      'arn:aws:s3:::b/x',
      'arn:aws:s3:::b/y',
      'arn:aws:ec2:::b/x',
      'arn:aws:s3:::b:x',
      'b/x',
      'arn:aws:sx:::q',
    ],
  },
  { operators: ['Null'], wanted: ['true', 'false'], given: ['', 'a'] },
]

function randomLiteral(dice: Dice, { operators, wanted }: Vocabulary): Literal | undefined {
  const base = dice.one(operators)
  const prefix = dice.one(['', '', 'ForAllValues:', 'ForAnyValue:'])
  const operator = `${prefix}${base}${base !== 'Null' && dice.chance(0.25) ? 'IfExists' : ''}`
  const compiled = compilePolicy(
    {
      Version: '2012-10-17',
      Statement: {
        Effect: dice.one(['Allow', 'Deny']),
        Action: '*',
        Resource: '*',
        Condition: { [operator]: { 'k:x': dice.some(wanted, 3) } },
      },
    },
    'identity',
    'test',
  )
  if (!compiled.ok) return undefined
  const condition = compiled.policy.statements[0]!.conditions[0]!
  return { clause: clauseOf(condition, true), holds: dice.chance(0.5) }
}

describe('the search for a value of a context key', () => {
  it('finds one whenever trying out finds one, and what it finds fits', () => {
    const seen = { none: 0, some: 0, unknown: 0 }
    assert(
      property(seeds, (seed) => {
        const dice = createDice(seed)
        const main = dice.one(vocabularies)
        const mixed = dice.chance(0.08)
        const literals = Array.from({ length: 1 + dice.below(4) }, () =>
          randomLiteral(dice, mixed ? dice.one(vocabularies) : main),
        ).filter((literal) => literal !== undefined)
        const given = vocabularies.flatMap((vocabulary) => vocabulary.given)
        const values: readonly (ContextValue | undefined)[] = [
          undefined,
          [],
          ...given,
          ...given.map((one) => [one]),
          ...Array.from({ length: 60 }, () => dice.some(dice.chance(0.7) ? main.given : given, 3)),
        ]
        const fits = (value: ContextValue | undefined) =>
          literals.every(
            (literal) =>
              holds(literal.clause.condition, value === undefined ? new Map() : new Map([['k:x', value]])) ===
              literal.holds,
          )
        const found = findKeyValue({ literals }, texts())
        seen[found.type] += 1
        if (found.type === 'some') expect([found.value, fits(found.value)]).toEqual([found.value, true])
        if (found.type === 'none') {
          expect({
            literals: literals.map(({ clause, holds }) => [
              clause.condition.operator,
              clause.condition.wanted,
              holds,
            ]),
            fitting: values.filter(fits),
          }).toMatchObject({ fitting: [] })
        }
      }),
      { numRuns: 4_000 },
    )
    expect(seen.none).toBeGreaterThan(400)
    expect(seen.some).toBeGreaterThan(400)
    expect(seen.unknown).toBeLessThan(seen.some / 20)
  }, 120_000)
})
