import { readFileSync } from 'node:fs'

/** A table of cases beside the test: `jsonBeside(import.meta.url, 'hostile.json')`. The type is the test's word. */
export function jsonBeside<Table>(testUrl: string, file: string): Table {
  return JSON.parse(readFileSync(new URL(file, testUrl), 'utf8')) as Table
}
