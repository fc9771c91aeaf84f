/** `rolegate check`: every problem of a configuration folder, one line each; silent when all is well. */
import { loadConfig } from '../config/load-config.js'
import { problemLine, shownDirectory } from '../config/problem-line.js'

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
  const directory = shownDirectory(options.config, options.workingDirectory)
  for (const problem of loaded.problems) options.stdout(`${problemLine(problem, directory)}\n`)
  return 1
}
