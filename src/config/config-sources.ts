/**
 * The texts of a configuration folder, read and parsed, by kind. In `policies/` documents may stand beside declarations
 * (which have `policies`): they are there for a `policyFile` to name.
 */
import { join } from 'node:path'
import { maxFileBytes } from './before-parsing.js'
import type { ConfigProblem } from './config.js'
import { strangerSentence, type ConfigFolder, type FileKind } from './config-folder.js'
import { memberOf } from './organization.js'
import { createFindings, type Source } from './place.js'
import { readText, type Reading } from './reading.js'
import { policiesOutline } from './schema/policies.js'
import { readFitting } from './schema/problems.js'
import { parseSource } from './source-document.js'

interface ConfigSources {
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

  const declares = (kind: FileKind, source: Source | undefined): void => {
    if (source === undefined) unreadable.add(kind)
    else parsed.set(kind, [...(parsed.get(kind) ?? []), source])
  }
  for (const { kind, name } of folder.files) {
    const read = await readText(join(directory, name), maxFileBytes)
    reading.note(join(directory, name), read.ok ? read.text : '')
    if (read.ok) texts.push(read.text)
    // Whoever names a document says what is wrong with it.
    const mayBeDocument = kind === 'policies' && name.includes('/')
    const own = mayBeDocument ? createFindings() : findings
    if (!read.ok) own.add({ file: name, path: '', message: read.reason })
    const source = read.ok ? parseSource(name, rewrite(read.text), own) : undefined
    if (!mayBeDocument || memberOf(source?.value, 'policies') !== undefined) {
      declares(kind, source)
    } else if (memberOf(source?.value, 'Statement') !== undefined) {
      const message = 'is a policy that no setting names; managed policies stand in a list called `policies`'
      others.set(name, [{ file: name, path: '', message }])
    } else {
      if (source !== undefined) readFitting(policiesOutline, source.value, { source, path: [] }, own)
      others.set(name, own.problems)
      declares(kind, undefined)
    }
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
