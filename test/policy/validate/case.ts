/** The cases of the folder `cases`, written out as policy texts. */
import { readdirSync, readFileSync } from 'node:fs'
import type { PolicyKind } from '../../../src/policy/document.js'

/** Members that take the place of the usual statement's; null leaves one out. Or a whole document, or its text. */
interface Written {
  readonly text?: string
  readonly document?: unknown
  readonly statements?: readonly Readonly<Record<string, unknown>>[]
  /** A document whose text has this many characters. */
  readonly fill?: number
  readonly [member: string]: unknown
}

interface Row {
  readonly code: string
  readonly name?: string
  readonly kind: PolicyKind
  /** An OpenID provider that the statement trusts. */
  readonly provider?: string
  readonly hit: Written
  readonly miss: Written
  /** What stands in the text where the finding points. */
  readonly at?: string
}

export interface Case {
  readonly title: string
  readonly code: string
  readonly kind: PolicyKind
  readonly hit: string
  readonly miss: string
  readonly at: string | undefined
}

const attached = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }
const usual: Readonly<Record<PolicyKind, Readonly<Record<string, unknown>>>> = {
  identity: attached,
  boundary: attached,
  session: attached,
  'service-control': attached,
  resource: { ...attached, Principal: { AWS: '111122223333' } },
  trust: { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole' },
  'resource-control': { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' },
}

function textOf(row: Row, written: Written): string {
  if (written.text !== undefined) return written.text
  if (written.document !== undefined) return JSON.stringify(written.document)
  const base = {
    ...usual[row.kind],
    ...(row.provider === undefined
      ? {}
      : {
          Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${row.provider}` },
          Action: 'sts:AssumeRoleWithWebIdentity',
        }),
  }
  const statement = (changes: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries({ ...base, ...changes }).filter(([, value]) => value !== null))
  const { fill, statements, ...changes } = written
  const document = (list: readonly Readonly<Record<string, unknown>>[]) =>
    JSON.stringify({ Version: '2012-10-17', Statement: list.map(statement) })
  if (fill === undefined) return document(statements ?? [changes])
  return document([{ Sid: 'a'.repeat(fill - document([{ Sid: '' }]).length) }])
}

const folder = new URL('cases/', import.meta.url)

export const cases: readonly Case[] = readdirSync(folder).flatMap((file) => {
  const rows = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Row[]
  return rows.map((row) => ({
    title: row.name === undefined ? row.code : `${row.code}: ${row.name}`,
    code: row.code,
    kind: row.kind,
    hit: textOf(row, row.hit),
    miss: textOf(row, row.miss),
    at: row.at,
  }))
})
