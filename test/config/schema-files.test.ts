import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { schemaDocuments } from '../../src/config/schema-files.js'
import { settingsRows } from '../support/settings-table.js'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const documents = [...schemaDocuments()]
const manual = read('docs/configuration.md')

describe.each(documents)('%s', (name, document) => {
  it('is committed as the code has it; `node dist/config/schema-files.js config/schema` writes it', () => {
    expect(JSON.parse(read(`config/schema/${name}`))).toEqual(document)
  })

  it.each(settingsRows(document).map((row) => [row] as const))('is documented: %s', (row) => {
    expect(manual).toContain(`\n${row}\n`)
  })
})

it('covers every kind of file', () => {
  expect(documents.map(([name]) => name)).toEqual([
    'rolegate.schema.json',
    'organization.schema.json',
    'roles.schema.json',
    'users.schema.json',
    'policies.schema.json',
    'providers.schema.json',
  ])
})
