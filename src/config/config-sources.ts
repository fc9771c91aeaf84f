/**
 * The texts of a configuration folder, read and parsed, by kind. In `policies/` a document (it has `Statement`) stands
 * beside declarations: it is there for a `policyFile` to name, and is no declaration itself.
 */
import { join } from 'node:path'
import { maxFileBytes } from './before-parsing.js'
import type { ConfigProblem } from './config.js'
import { strangerSentence, type ConfigFolder, type FileKind } from './config-folder.js'
import { memberOf } from './organization.js'
import { createFindings, type Findings, type Source } from './place.js'
import { readText, type Reading } from './reading.js'
import { parseSource } from './source-document.js'

export interface ConfigSources {
  of(kind: FileKind): readonly Source[]
  /** Whether every file of this kind could be read as data. */
  allRead(kind: FileKind): boolean
  /** Reports the files that no setting named; once everything was read. */
  reportOthers(): void
}

export async function readSources(
  folder: ConfigFolder,
  { directory, rewrite }: { readonly directory: string; readonly rewrite: (text: string) => string },
  reading: Reading,
): Promise<ConfigSources> {
  const { findings } = reading
  const parsed = new Map<FileKind, Source[]>()
  const unreadable = new Set<FileKind>()
  const texts: string[] = []
  const others = new Map<string, readonly ConfigProblem[]>(
    folder.others.map((name) => [name, [stranger(name)]]),
  )

  for (const { kind, name } of folder.files) {
    const read = await readText(join(directory, name), maxFileBytes)
    reading.note(join(directory, name), read.ok ? read.text : '')
    if (read.ok) texts.push(read.text)
    // Where it may be a document, whoever names it says what is wrong with it.
    const mayBeDocument = kind === 'policies' && name.includes('/')
    const own: Findings = mayBeDocument ? createFindings() : findings
    if (!read.ok) own.add({ file: name, path: '', message: read.reason })
    const source = read.ok ? parseSource(name, rewrite(read.text), own) : undefined
    if (source === undefined) unreadable.add(kind)
    if (mayBeDocument && source === undefined) others.set(name, own.problems)
    else if (mayBeDocument && memberOf(source?.value, 'Statement') !== undefined)
      others.set(name, [stranger(name)])
    else if (source !== undefined) parsed.set(kind, [...(parsed.get(kind) ?? []), source])
  }

  return {
    of: (kind) => parsed.get(kind) ?? [],
    allRead: (kind) => !unreadable.has(kind),
    reportOthers() {
      const named = new Set(reading.footprint.named)
      const unnamed = [...others].filter(([name]) => !named.has(join(directory, name)))
      // A setting that was not understood may have named it.
      const isUnclear = findings.problemCount() > 0
      for (const [name, problems] of unnamed) {
        if (isUnclear && texts.some((text) => text.includes(name))) continue
        for (const problem of problems) findings.add(problem)
      }
    },
  }
}

const stranger = (name: string): ConfigProblem => ({ file: name, path: '', message: strangerSentence(name) })
