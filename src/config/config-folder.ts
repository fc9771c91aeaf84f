/** Which files a configuration folder holds, by their names, and which it should not. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Findings } from './place.js'
import { suggestion } from './nearest-name.js'
import { systemErrorCode } from './system-error.js'

export type FileKind = 'rolegate' | 'organization' | 'roles' | 'users' | 'policies' | 'providers'

export interface ConfigFile {
  readonly kind: FileKind
  /** Relative to the folder, with `/`. */
  readonly name: string
}

export interface ConfigFolder {
  readonly files: readonly ConfigFile[]
  /** YAML and JSON files with other names: either a setting names them, or they are a mistake. */
  readonly others: readonly string[]
  /** Absolute paths of the folders that were looked into. */
  readonly directories: readonly string[]
}

const dataFile = /\.(?:ya?ml|json)$/
const maxFiles = 10_000

/** Reports a folder that cannot be read, and returns undefined for it. */
export async function listConfigFolder(
  directory: string,
  findings: Findings,
): Promise<ConfigFolder | undefined> {
  const names: string[] = []
  const directories: string[] = []
  try {
    await collect(directory, '', 0, names, directories)
  } catch (error) {
    const code = systemErrorCode(error)
    const reason =
      code === 'ENOENT' ? 'does not exist' : code === 'ENOTDIR' ? 'is not a folder' : 'cannot be read'
    findings.add({ file: '.', path: '', message: `the configuration folder ${reason}` })
    return undefined
  }
  const files = names.flatMap((name) => {
    const kind = kindOf(name)
    return kind === undefined ? [] : [{ kind, name }]
  })
  for (const kind of ['rolegate', 'organization'] as const) {
    const [first, ...more] = files.filter((file) => file.kind === kind)
    for (const { name } of more) {
      findings.add({
        file: name,
        path: '',
        message: `says the same kind of thing as \`${first!.name}\`: keep one`,
      })
    }
  }
  return { files, others: names.filter((name) => kindOf(name) === undefined), directories }
}

/** What to say about a file that no setting names. */
export function strangerSentence(name: string): string {
  const kinds: readonly FileKind[] = ['rolegate', 'organization', 'roles', 'users', 'policies', 'providers']
  const known = kinds.map((kind) => `${kind}.yaml`)
  return `is not a configuration file and no setting names it; ${suggestion(name, known)}`
}

function kindOf(name: string): FileKind | undefined {
  const [, folder, whole] =
    /^(?:(roles|users|policies|providers)\/[^/]+|(rolegate|organization|roles|users|policies|providers))\.(?:ya?ml|json)$/.exec(
      name,
    ) ?? []
  return (folder ?? whole) as FileKind | undefined
}

async function collect(
  directory: string,
  under: string,
  depth: number,
  names: string[],
  directories: string[],
): Promise<void> {
  directories.push(directory)
  const folders: (readonly [path: string, name: string])[] = []
  for (const entry of (await readdir(directory)).sort()) {
    // Kubernetes mounts keep `..data` beside the files, and editors keep swap files: neither is configuration.
    if (entry.startsWith('.') || names.length > maxFiles) continue
    const path = join(directory, entry)
    const name = under === '' ? entry : `${under}/${entry}`
    // A link that leads nowhere is reported when it is read.
    const stats = await stat(path).catch(() => undefined)
    if (stats?.isDirectory() === true) folders.push([path, name])
    else if (dataFile.test(entry)) names.push(name)
  }
  for (const [path, name] of folders) {
    if (name !== 'schema' && depth < 4) await collect(path, name, depth + 1, names, directories)
  }
}
