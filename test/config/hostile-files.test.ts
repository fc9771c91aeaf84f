import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { loadConfig } from '../../src/config/load-config.js'
import { configFolder } from '../support/config-folder.js'

const committed = fileURLToPath(new URL('../../config', import.meta.url))
const files = Object.fromEntries(
  readdirSync(committed, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => [name, readFileSync(join(committed, name), 'utf8')]),
)
files['policies/more.yaml'] = 'policies: []\n'
const names = Object.keys(files)

async function outcomeOf(changed: Readonly<Record<string, string>>) {
  const loaded = await loadConfig({
    directory: await configFolder({ ...files, ...changed }),
    dataDirectory: '/data',
    certificatesDirectory: '/nowhere',
    environment: {},
  })
  if (loaded.ok) return
  expect(loaded.problems.length).toBeGreaterThan(0)
  for (const { file, line, message } of loaded.problems) {
    expect(names).toContain(file)
    if (line !== undefined) expect(line).toBeGreaterThan(0)
    expect(message).toMatch(/^[^A-Z\n][^\n]*[^.\n]$/)
  }
}

describe('files that nobody would write', () => {
  it('never make loading fail otherwise than with problems, whatever data they hold', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 }), async (name, value) => {
        const named = { account: 'demo-platform', name: 'x', policy: value }
        const root = {
          providers: [value],
          roles: [value],
          users: [value, { ...named, managedPolicies: value, owner: value, permissionsBoundary: value }],
          policies: [value, named],
          services: [value, { ...named, hosts: value, action: value, resource: value }],
          accounts: [value],
          units: value,
          rootSessions: value,
          store: value,
          server: value,
        }
        await outcomeOf({ [name]: JSON.stringify(root) })
      }),
      { numRuns: 60 },
    )
  })

  it('never make loading fail otherwise than with problems, wherever a text is cut and patched', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(40),
        fc.constantFrom(
          '',
          '\t',
          '"',
          '- ',
          ': ',
          '*x',
          '&x ',
          '!x ',
          '{',
          '[',
          '|',
          '\u0000',
          '\u{1f600}',
          '? ',
          '%',
          '\n---\n',
        ),
        async (name, where, cut, patch) => {
          const text = files[name] ?? ''
          const at = Math.floor(where * text.length)
          await outcomeOf({ [name]: `${text.slice(0, at)}${patch}${text.slice(at + cut)}` })
        },
      ),
      { numRuns: 60 },
    )
  })
})
