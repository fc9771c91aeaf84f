import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { checks } from '../../../src/policy/validate/checks.js'

const text = readFileSync(new URL('../../../docs/policy-validation.md', import.meta.url), 'utf8')
const [covered = '', notCovered = ''] = text.split('## Published checks that are not covered')
interface Row {
  readonly code: string
  readonly type: string
}

const rowForm = /^\| `([A-Z_]{8,})` +\| `([A-Z_]+)` +\| \S/gm
const rows: readonly Row[] = [...covered.matchAll(rowForm)].map(([, code, type]) => ({
  code: code!,
  type: type!,
}))

describe('docs/policy-validation.md', () => {
  it('lists exactly the checks of the code, with their types', () => {
    const byCode = (a: Row, b: Row) => (a.code < b.code ? -1 : 1)
    const table = checks.map(({ code, type }) => ({ code, type }))
    expect([...rows].sort(byCode)).toEqual([...table].sort(byCode))
  })

  it('lists what is published and what is ours apart', () => {
    const own = covered.indexOf("## Rolegate's own")
    for (const { code } of rows) {
      expect(covered.indexOf(`| \`${code}\``) > own).toBe(code.startsWith('ROLEGATE_'))
    }
  })

  it('does not call uncovered what is covered', () => {
    const names = [...notCovered.matchAll(/`([A-Z_]{8,})`/g)].map(([, code]) => code)
    const table = new Set(checks.map(({ code }) => code))
    const excepted = new Set(['UNSUPPORTED_GLOBAL_CONDITION_KEY', 'RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL'])
    expect(names.length).toBeGreaterThan(15)
    expect(names.filter((name) => table.has(name!) && !excepted.has(name!))).toEqual([])
  })
})
