import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { compilePolicy, type PolicyKind } from '../../src/policy/document.js'
import { awsLimits } from '../../src/policy/kind.js'

interface ProblemRow {
  readonly name: string
  readonly rule: string
  readonly kind: PolicyKind
  readonly document?: unknown
  /** Instead of `document`; its problems then carry `line:column`. */
  readonly text?: string
  /** `CODE path`; none: the document compiles. */
  readonly problems: readonly string[]
}

const file = JSON.parse(readFileSync(new URL('cases/2-problems.json', import.meta.url), 'utf8')) as {
  readonly rows: readonly ProblemRow[]
}

function problemsOf(source: unknown, kind: PolicyKind, limits = awsLimits): readonly string[] {
  const result = compilePolicy(source, kind, 'the policy', limits)
  if (result.ok) return []
  return result.problems.map(({ code, path, line, column }) =>
    line === undefined ? `${code} ${path}` : `${code} ${path} ${line}:${column}`,
  )
}

const withoutPosition = (problem: string) => problem.replace(/ \d+:\d+$/, '')

describe('the cases of 2-problems.json', () => {
  it.each(file.rows)('$rule, $kind: $name', ({ kind, document, text, problems }) => {
    expect(problemsOf(text ?? document, kind)).toEqual(problems)
    if (text === undefined) {
      // As text the same problems, each with its place; a character outside Latin-1 has to be escaped.
      const written = JSON.stringify(document, undefined, 2)
      const found = problemsOf(written, kind)
      expect(found.map(withoutPosition)).toEqual(problems)
      for (const problem of found) expect(problem).toMatch(/ \d+:\d+$/)
    }
  })
})

describe('compilePolicy', () => {
  const statement = { Effect: 'Allow', Action: 's3:*', Resource: '*' }

  it('says what is wrong in one line that starts in lower case and quotes input in backticks', () => {
    for (const row of file.rows) {
      const result = compilePolicy(row.text ?? row.document, row.kind, 'the policy')
      for (const { message } of result.ok ? [] : result.problems) {
        expect(message).toMatch(/^[a-z`U][^\n\r]*[^.]$/)
        expect(message.length).toBeLessThan(250)
      }
    }
  })

  it('holds documents to the size of their kind, white space not counted', () => {
    const wide = JSON.stringify({ Version: '2012-10-17', Statement: statement }).replaceAll(
      ',',
      `,${' '.repeat(1_000)}`,
    )
    expect(wide.length).toBeGreaterThan(awsLimits.session)
    expect(problemsOf(wide, 'session')).toEqual([])
    const long = { Version: '2012-10-17', Statement: { ...statement, Sid: 'a'.repeat(2_048) } }
    expect(problemsOf(long, 'session')).toEqual(['POLICY_SIZE_EXCEEDED $'])
    expect(problemsOf(JSON.stringify(long), 'session')).toEqual(['POLICY_SIZE_EXCEEDED $ 1:1'])
    expect(problemsOf(long, 'identity')).toEqual([])
    expect(problemsOf(long, 'session', { ...awsLimits, session: 3_000 })).toEqual([])
  })

  it('counts white space in the control policies of an organization', () => {
    const wide = JSON.stringify({ Version: '2012-10-17', Statement: statement }, undefined, 10)
    const limits = { ...awsLimits, 'service-control': wide.length, identity: 70 }
    expect(problemsOf(wide, 'service-control', limits)).toEqual([])
    expect(problemsOf(`${wide} `, 'service-control', limits)).toEqual(['POLICY_SIZE_EXCEEDED $ 1:1'])
  })

  it('measures a parsed value like its text', () => {
    const document = {
      Version: '2012-10-17',
      Statement: [statement, { ...statement, Action: ['a:b', 'c:d'] }],
    }
    const size = JSON.stringify(document).length
    for (const source of [document, JSON.stringify(document)]) {
      expect(problemsOf(source, 'identity', { ...awsLimits, identity: size })).toEqual([])
      expect(problemsOf(source, 'identity', { ...awsLimits, identity: size - 1 })).toHaveLength(1)
    }
  })

  it('gives back what cannot be changed', () => {
    const result = compilePolicy({ Version: '2012-10-17', Statement: statement }, 'identity', 'the policy')
    if (!result.ok) throw new Error('expected a policy')
    expect(Object.isFrozen(result.policy)).toBe(true)
    expect(Object.isFrozen(result.policy.statements)).toBe(true)
  })
})
