import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { type Access, checkAccessNotGranted } from '../../../src/policy/analysis/access-not-granted.js'
import { layersFor } from '../../../src/policy/analysis/circumstance.js'
import { checkNoNewAccess } from '../../../src/policy/analysis/no-new-access.js'
import { checkNoPublicAccess } from '../../../src/policy/analysis/no-public-access.js'
import type { Verdict } from '../../../src/policy/analysis/verdict.js'
import type { PolicyDocument, PolicyKind, PolicyVersion } from '../../../src/policy/document.js'
import { evaluate } from '../../../src/policy/evaluate.js'
import { compiled } from '../compiled.js'

type Statements = readonly Readonly<Record<string, unknown>>[]

interface Row {
  readonly name: string
  /** The section of the policy facts that the row encodes. */
  readonly rule: string
  readonly kind: PolicyKind
  readonly version?: PolicyVersion
  readonly existing: Statements
  readonly proposed: Statements
  readonly document: Statements
  readonly access: readonly Access[]
  readonly expected: Verdict['result']
  /** False: a FAIL without a request that proves it. */
  readonly exact?: boolean
}

function rowsOf(file: string): readonly Row[] {
  const text = readFileSync(new URL(`cases/${file}`, import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly rows: readonly Row[] }).rows
}

function documentOf({ kind, version = '2012-10-17' }: Row, statements: Statements): PolicyDocument {
  return compiled({ Version: version, Statement: statements }, kind)
}

/** The result, and for a FAIL that its first witness is what it claims to be. */
function expectVerdict(
  verdict: Verdict,
  { expected, exact }: Row,
  allowing: PolicyDocument,
  refusing?: PolicyDocument,
) {
  expect([verdict.result, verdict]).toEqual([expected, verdict])
  if (verdict.result === 'PASS' || exact === false) return
  const [reason] = verdict.reasons
  const { witness } = reason!
  expect(reason!.description).toContain('e.g.')
  expect(witness?.exact).toBe(true)
  const outcome = (document: PolicyDocument) =>
    evaluate(witness!, layersFor(document, witness!.circumstance, witness!.bounded)).outcome
  expect(outcome(allowing)).toBe('allowed')
  if (refusing !== undefined) expect(outcome(refusing)).not.toBe('allowed')
  if (allowing.kind !== 'resource-control') {
    expect(allowing.statements[reason!.statementIndex!]!.effect).toBe('Allow')
  }
}

describe('no new access', () => {
  it.each(rowsOf('12-no-new-access.json'))('$rule $name: $expected', (row) => {
    const existing = documentOf(row, row.existing)
    const proposed = documentOf(row, row.proposed)
    expectVerdict(checkNoNewAccess(existing, proposed), row, proposed, existing)
  })
})

describe('access not granted', () => {
  it.each(rowsOf('12-access-not-granted.json'))('$rule $name: $expected', (row) => {
    const document = documentOf(row, row.document)
    expectVerdict(checkAccessNotGranted(document, row.access), row, document)
  })
})

describe('no public access', () => {
  it.each(rowsOf('13-public-access.json'))('$rule $name: $expected', (row) => {
    const document = documentOf(row, row.document)
    expectVerdict(checkNoPublicAccess(document), row, document)
  })
})
