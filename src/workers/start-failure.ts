/** Why a server does not start or does not go on, in the words and with the exit code that its operator sees. */
import type { ConfigProblem } from '../config/config.js'
import { problemLine, shownDirectory } from '../config/problem-line.js'

export interface StartFailure {
  readonly exitCode: number
  /** For standard error. */
  readonly reason: string
}

/** What the server was given cannot be used (sysexits.h EX_CONFIG). */
export const exitConfiguration = 78

export function startFailure(cause: unknown): StartFailure {
  const refused = cause instanceof Error && cause.name === 'StartRefused'
  return { exitCode: refused ? exitConfiguration : 1, reason: `rolegate: ${words(cause)}` }
}

export function refusedConfiguration(
  problems: readonly ConfigProblem[],
  configDirectory: string,
): StartFailure {
  const directory = shownDirectory(configDirectory)
  const lines = problems.map((problem) => problemLine(problem, directory))
  const end = 'rolegate: the configuration has problems, so the server does not start'
  return { exitCode: exitConfiguration, reason: [...lines, end].join('\n') }
}

function words(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { code, address, port } = cause as NodeJS.ErrnoException & { address?: string; port?: number }
  return code === 'EADDRINUSE'
    ? `another program uses ${address ?? ''}:${port ?? ''}: stop it, or choose another address with --listen`
    : cause.message
}
