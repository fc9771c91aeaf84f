/** Configuration folders for tests: written to a temporary directory, removed after the suite. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll } from '@jest/globals'

const made: string[] = []

afterAll(async () => {
  await Promise.all(made.map((directory) => rm(directory, { recursive: true, force: true })))
})

export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rolegate-config-'))
  made.push(directory)
  return directory
}

/** @param files name → text, or lines. */
export async function configFolder(
  files: Readonly<Record<string, string | readonly string[]>>,
): Promise<string> {
  const directory = await temporaryDirectory()
  for (const [name, content] of Object.entries(files)) await writeConfigFile(directory, name, content)
  return directory
}

export async function writeConfigFile(
  directory: string,
  name: string,
  content: string | readonly string[],
): Promise<void> {
  const path = join(directory, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, typeof content === 'string' ? content : `${content.join('\n')}\n`)
}
