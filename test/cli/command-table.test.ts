/** The tables of docs/command-line.md beside the commands that there are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { Command } from 'commander'
import { addClientCommands } from '../../src/cli/client-commands.js'
import { addServerCommands } from '../../src/cli/server-commands.js'
import type { Terminal } from '../../src/cli/terminal.js'

const root = join(import.meta.dirname, '..', '..')
const terminal: Terminal = {
  out: () => undefined,
  err: () => undefined,
  environment: {},
  home: '/nonexistent',
  now: () => new Date(),
  fetch,
  openBrowser: () => Promise.resolve(false),
  wait: () => Promise.resolve(),
}

/** By name, e.g. `keys create`: the commands that do something, and their options. */
function commandsOf(command: Command, path: readonly string[] = []): readonly (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[path.join(' '), command]]
  return command.commands.flatMap((sub) => commandsOf(sub, [...path, sub.name()]))
}
const program = new Command('rolegate')
addClientCommands(program, terminal)
addServerCommands(program, terminal, () => undefined)
const commands = new Map(commandsOf(program))

/** `rolegate user add NAME …`, `user list`, `revoke session|role …`: whatever a table's first column has as code. */
const documented = readFileSync(join(root, 'docs/command-line.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `rolegate '))
  .flatMap((row) => [...(row.split(/(?<!\\)\|/)[1] ?? '').matchAll(/`([^`]+)`/g)])
  .flatMap(([, code = '']) => {
    const words = code.replaceAll('\\|', '|').split(' ')
    const named = words[0] === 'rolegate' ? words.slice(1) : words
    const end = named.findIndex((word) => !/^[a-z][a-z|-]*$/.test(word))
    const path = end < 0 ? named : named.slice(0, end)
    const options = [...code.matchAll(/--[a-z-]+/g)].map(([option]) => option)
    const alternatives = (path.at(-1) ?? '').split('|')
    return alternatives.map((last) => ({ name: [...path.slice(0, -1), last].join(' '), options }))
  })

describe('docs/command-line.md', () => {
  it('lists every command, and none that there is not', () => {
    expect(commands.size).toBeGreaterThan(30)
    expect([...new Set(documented.map(({ name }) => name))].toSorted()).toEqual(
      [...commands.keys()].toSorted(),
    )
  })

  it.each(documented.filter(({ options }) => options.length > 0))(
    'gives `$name` options that it has',
    ({ name, options }) => {
      const known = commands.get(name)?.options.map(({ long }) => long)
      for (const option of options) expect(known).toContain(option)
    },
  )
})
