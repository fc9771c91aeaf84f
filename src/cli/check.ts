/** `rolegate check`: every problem of a configuration folder, one line each; silent when all is well. */
import { join, relative } from 'node:path'
import type { ConfigProblem } from '../config/config.js'
import { loadConfig } from '../config/load-config.js'

/**
 * Reads the folder exactly as the server would, and changes nothing.
 * @param options.stdout is given complete lines, `file:line: path: reason`.
 * @returns the exit status: 0 without problems, 1 with.
 */
export async function check(options: {
  readonly config: string
  readonly data: string
  readonly certs: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly stdout: (text: string) => void
  /** Files below it are shown relative to it, others as they are. */
  readonly workingDirectory?: string
}): Promise<number> {
  const loaded = await loadConfig({
    directory: options.config,
    dataDirectory: options.data,
    certificatesDirectory: options.certs,
    environment: options.environment,
  })
  if (loaded.ok) return 0
  const below = relative(options.workingDirectory ?? '', options.config)
  const directory = below.startsWith('..') ? options.config : below
  for (const problem of loaded.problems) options.stdout(`${problemLine(problem, directory)}\n`)
  return 1
}

/** `config/roles.yaml:12: roles[0].trustPolicy: is missing` */
export function problemLine({ file, line, path, message }: ConfigProblem, directory: string): string {
  const where = file.startsWith('--') ? file : join(directory, file)
  return [line === undefined ? where : `${where}:${line}`, ...(path === '' ? [] : [path]), message].join(': ')
}
