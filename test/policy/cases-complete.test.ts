import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { compilePolicy } from '../../src/policy/document.js'

interface Row {
  readonly name: string
  readonly rule?: string
  readonly situation?: string
  readonly condition?: Readonly<Record<string, unknown>>
}

const folder = new URL('cases/', import.meta.url)

function rowsOf(file: string): readonly Row[] {
  const content = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as {
    readonly rows?: readonly Row[]
  }
  return content.rows ?? []
}

// The list of the documentation, not the evaluator's own.
const operators = [
  ...['Equals', 'NotEquals', 'EqualsIgnoreCase', 'NotEqualsIgnoreCase', 'Like', 'NotLike'].map(
    (name) => `String${name}`,
  ),
  ...['Numeric', 'Date'].flatMap((type) =>
    ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals'].map(
      (relation) => `${type}${relation}`,
    ),
  ),
  'Bool',
  'BinaryEquals',
  'IpAddress',
  'NotIpAddress',
  'ArnEquals',
  'ArnLike',
  'ArnNotEquals',
  'ArnNotLike',
  'Null',
]
const prefixes = ['', 'ForAllValues:', 'ForAnyValue:']
const situations = ['hit', 'miss', 'absent', 'empty', 'malformed']

describe('the cases', () => {
  it('are more than two thousand, each with a name of its own and the rule that it encodes', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.json'))
    const rows = files.flatMap((file) => rowsOf(file).map((row) => ({ ...row, file })))
    expect(rows.length).toBeGreaterThan(2_000)
    expect(rows.filter(({ name, rule }) => name === '' || (rule ?? '') === '')).toEqual([])
    for (const file of files) {
      const names = rows.filter((row) => row.file === file).map(({ name }) => name)
      expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
    }
  })

  it('have every operator with every prefix, with and without IfExists, in every situation', () => {
    const wanted = operators.flatMap((operator) =>
      prefixes.flatMap((prefix) =>
        (operator === 'Null' ? [''] : ['', 'IfExists']).flatMap((suffix) =>
          situations.map((situation) => `${prefix}${operator}${suffix} ${situation}`),
        ),
      ),
    )
    const there = rowsOf('5-every-operator.json').map(
      ({ condition = {}, situation }) => `${Object.keys(condition).join()} ${situation}`,
    )
    expect(there.toSorted()).toEqual(wanted.toSorted())
  })

  it('lack Null with IfExists, which is refused', () => {
    for (const prefix of prefixes) {
      const statement = {
        Effect: 'Allow',
        Action: '*',
        Resource: '*',
        Condition: { [`${prefix}NullIfExists`]: { 'k:v': 'true' } },
      }
      const result = compilePolicy({ Version: '2012-10-17', Statement: statement }, 'identity', 'x')
      expect(result).toMatchObject({ ok: false, problems: [{ code: 'NULL_WITH_IF_EXISTS' }] })
    }
  })
})
