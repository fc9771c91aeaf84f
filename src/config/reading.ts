/**
 * What the readers of the single files share: where to report, and the only ways to the environment and to the disk.
 * Values fetched through it (secrets, files) are never looked at as configuration again.
 */
import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import type { Findings, Place } from './place.js'
import type { WrittenPolicy } from './policy-review.js'
import type { SecretReference } from './schema/value.js'
import { systemErrorCode } from './system-error.js'

export interface Reading {
  readonly findings: Findings
  readonly directory: string
  readonly dataDirectory: string
  readonly certificatesDirectory: string
  /** Settings named `insecure…` that are in force. */
  readonly insecure: string[]
  /** Every policy that compiled, as it was written. */
  readonly policies: WrittenPolicy[]
  /** Text of a file that a setting names, relative to the configuration folder; undefined was reported. */
  file(path: string, place: Place): Promise<string | undefined>
  /** Value behind `${env:NAME}` or `${file:PATH}`; undefined was reported, never with the value. */
  secret(reference: SecretReference, place: Place): Promise<string | undefined>
  /** Replaces `${env:NAME}` in an address; undefined was reported. */
  address(written: string, place: Place): string | undefined
  /** The same without reporting, for comparisons: what is not set stays as it is written. */
  expand(written: string): string
  /** Remembers what was read, so that a watcher knows what to watch and whether anything is different. */
  note(path: string, content: string): void
  readonly footprint: Footprint
}

export interface Footprint {
  /** Folders that hold anything that was read. */
  readonly directories: readonly string[]
  /** Changes when anything that was read changes; says nothing about it. */
  readonly fingerprint: string
  /** Absolute paths of the files that settings name. */
  readonly named: readonly string[]
}

export const maxNamedFileBytes = 2 * 1024 * 1024

export function createReading(options: {
  readonly directory: string
  readonly dataDirectory: string
  readonly certificatesDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly findings: Findings
}): Reading {
  const { findings, environment } = options
  const noted = new Map<string, string>()
  const named = new Set<string>()
  const note = (path: string, content: string): void => {
    noted.set(path, createHash('sha256').update(content).digest('base64'))
  }

  const variable = (name: string, place: Place): string | undefined => {
    const value = environment[name]
    note(`env:${name}`, value ?? '')
    if (value !== undefined && value !== '') return value
    findings.problem(
      place,
      `the environment variable \`${name}\` is ${value === undefined ? 'not set' : 'empty'}`,
    )
    return undefined
  }

  const file = async (path: string, place: Place): Promise<string | undefined> => {
    const absolute = isAbsolute(path) ? path : join(options.directory, path)
    named.add(absolute)
    const read = await readText(absolute, maxNamedFileBytes)
    note(absolute, read.ok ? read.text : '')
    if (read.ok) return read.text
    findings.problem(place, `the file \`${path}\` ${read.reason}`)
    return undefined
  }

  return {
    ...options,
    insecure: [],
    policies: [],
    file,
    note,
    secret: async (reference, place) => {
      if (reference.from === 'env') return variable(reference.name, place)
      const content = await file(reference.path, place)
      const value = content?.replace(/\r?\n$/, '')
      if (value === '') findings.problem(place, `the file \`${reference.path}\` is empty`)
      return value === '' ? undefined : value
    },
    address: (written, place) => {
      let complete = true
      const value = written.replace(/\$\{env:([^}]*)\}/g, (_, name: string) => {
        const found = variable(name, place)
        if (found === undefined) complete = false
        return found ?? ''
      })
      return complete ? value : undefined
    },
    expand: (written) =>
      written.replace(/\$\{env:([^}]*)\}/g, (all, name: string) => environment[name] ?? all),
    get footprint() {
      const entries = [...noted].sort(([a], [b]) => (a < b ? -1 : 1))
      const files = entries.map(([path]) => path).filter((path) => !path.startsWith('env:'))
      return {
        directories: [...new Set(files.map((path) => dirname(path)))],
        fingerprint: createHash('sha256').update(JSON.stringify(entries)).digest('base64'),
        named: [...named],
      }
    },
  }
}

export type ReadText =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: string }

/** The reason completes `the file … `. */
export async function readText(path: string, maxBytes: number): Promise<ReadText> {
  try {
    const stats = await stat(path)
    // Reading a pipe would wait for ever.
    if (!stats.isFile()) return { ok: false, reason: 'is not a file' }
    if (stats.size > maxBytes) return { ok: false, reason: `is longer than ${maxBytes} bytes` }
    const bytes = await readFile(path)
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return { ok: false, reason: 'is not UTF-8 text' }
    if (code === 'ENOENT' || code === 'ENOTDIR') return { ok: false, reason: 'does not exist' }
    if (code === 'EACCES' || code === 'EPERM') return { ok: false, reason: 'may not be read' }
    return { ok: false, reason: 'cannot be read' }
  }
}
