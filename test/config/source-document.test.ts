import { describe, expect, it } from '@jest/globals'
import { createFindings } from '../../src/config/place.js'
import { maxFileBytes } from '../../src/config/before-parsing.js'
import { parseSource } from '../../src/config/source-document.js'

function read(text: string, file = 'x.yaml') {
  const findings = createFindings()
  const source = parseSource(file, text, findings)
  return { source, problems: findings.problems.map(({ line, message }) => `${line ?? '-'}: ${message}`) }
}

const deep = '- '.repeat(100_000)
const bomb = 'a: &a [x, x, x, x, x, x, x, x, x, x]\n'.concat(
  ...'bcdefghij'.split('').map((name, i) => {
    const before = 'abcdefghi'.charAt(i)
    return `${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]\n`
  }),
)

describe('what YAML allows and a configuration does not', () => {
  it.each([
    ['a repeated name', 'a: 1\nb: 2\na: 3', '3: `a` is given twice'],
    [
      'a tag that makes functions',
      'a: 1\nb: !!js/function "x"',
      '2: uses a tag (`!…`), and tags are not read here',
    ],
    ['a tag of one’s own', 'a: !mine 1', '1: uses a tag (`!…`), and tags are not read here'],
    ['binary', 'a: !!binary aGk=', '1: uses a tag (`!…`), and tags are not read here'],
    [
      'a name that reaches a prototype',
      'a: 1\n__proto__: { b: 2 }',
      '2: `__proto__` is not a name that is accepted here',
    ],
    ['a tab as indentation', 'a:\n\tb: 1', '2: is indented with a tab; YAML wants spaces'],
    ['a second document', 'a: 1\n---\nb: 2', '2: holds more than one document (`---`)'],
    ['a number as a name', '1: x', '1: a name must be text: quote it'],
    ['a list as a name', '? [a]\n: x', '1: a name must be text: quote it'],
    ['an alias of nothing', 'a: *nowhere', '1: `*nowhere` names no anchor before it'],
    ['an alias of itself', 'a: &a\n  b: *a', '2: is nested too deeply'],
    [
      'a number that lost its zero',
      'a: 0123',
      '1: `0123` reads as a number and loses its leading zero: quote it',
    ],
    ['deep nesting in one line', `a: 1\n${deep}`, '2: is indented or nested too deeply'],
    ['deep nesting in brackets', `a: 1\nb: ${'['.repeat(100_000)}`, '2: is nested too deeply'],
    ['deep nesting in braces', `{a: `.repeat(1000), '1: is nested too deeply'],
    ['aliases that expand to 10^10 values', bomb, '1: holds more than 500000 values, aliases expanded'],
    ['more than two mebibytes', 'x'.repeat(maxFileBytes + 1), `-: is longer than ${maxFileBytes} bytes`],
  ])('%s', (_, text, problem) => {
    const { source, problems } = read(text)
    expect(source).toBeUndefined()
    expect(problems[0]).toMatch(problem)
  })

  it('refuses JSON that is none, with its line', () => {
    expect(read('{\n  "a": 1,\n}', 'x.json').problems).toEqual(['3: is not valid JSON'])
    expect(read('{\n  "a": 1,\n  "a": 2\n}', 'x.json').problems).toEqual(['3: `a` is given twice'])
  })
})

describe('what YAML allows and a configuration may use', () => {
  it('keeps words and dates as text', () => {
    expect(read('a: no\nb: 2012-10-17\nc: on\nd: "012"').source?.value).toEqual({
      a: 'no',
      b: '2012-10-17',
      c: 'on',
      d: '012',
    })
  })

  it('drops a byte order mark, and reads an empty file as nothing said', () => {
    expect(read('\uFEFFa: 1').source?.value).toEqual({ a: 1 })
    expect(read('\uFEFF{"a": 1}', 'x.json').source?.value).toEqual({ a: 1 })
    expect(read('# only a comment\n').source?.value).toEqual({})
  })

  it('resolves an alias to the latest anchor of its name', () => {
    const { source } = read('a: &x 1\nb: *x\nc: &x { d: 2 }\ne: [*x, *x]')
    expect(source?.value).toEqual({ a: 1, b: 1, c: { d: 2 }, e: [{ d: 2 }, { d: 2 }] })
  })
})

describe('lines', () => {
  const { source } = read('a:\n  b:\n    - c: 1\n    - &x\n      d: 2\ne: *x\nf: |\n  one\n  two\n')

  it('are those of the name, the entry, or the deepest part that is there', () => {
    const lineOf = (...path: (string | number)[]) => source?.lineOf(path)
    expect(lineOf()).toBe(1)
    expect(lineOf('a', 'b')).toBe(2)
    expect(lineOf('a', 'b', 0)).toBe(3)
    expect(lineOf('a', 'b', 1, 'd')).toBe(5)
    expect(lineOf('e', 'd')).toBe(5)
    expect(lineOf('a', 'missing')).toBe(1)
  })

  it('of a block of text begin below its name', () => {
    expect(source?.textStart(['f'])).toEqual({ line: 8, column: 3, verbatim: true })
  })

  it('of a block start behind the indentation that the block loses, whatever its first lines are', () => {
    const start = (yaml: string) => read(yaml).source?.textStart(['f'])
    expect(start('f: |\n\n    {\n')).toEqual({ line: 2, column: 5, verbatim: true })
    expect(start('f: |2\n      {\n')).toEqual({ line: 2, column: 3, verbatim: true })
    expect(start('\uFEFFf: |\r\n  {\r\n')).toEqual({ line: 2, column: 3, verbatim: true })
    expect(start('f: |\n')).toMatchObject({ column: 1 })
    expect(start('f: "{"')).toEqual({ line: 1, column: 4, verbatim: false })
  })
})
