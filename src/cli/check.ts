/**
 * `rolegate check`: every problem of a configuration folder, one line each; silent when all is well. It also reviews the
 * policies: what is doubtful goes to standard error, and with `--strict` everything is printed and doubts fail.
 */
import { loadConfig } from '../config/load-config.js'
import { reviewPolicies } from '../config/policy-review.js'
import { problemLine, shownDirectory } from '../config/problem-line.js'

/**
 * Reads the folder exactly as the server would, and changes nothing.
 * @param options.stdout is given complete lines, `file:line: path: reason`.
 * @returns the exit status: 0 without problems, 1 with. `strict` counts errors of the review, and security warnings in
 * trust policies, as problems.
 */
export async function check(options: {
  readonly config: string
  readonly data: string
  readonly certs: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly strict?: boolean
  readonly stdout: (text: string) => void
  readonly stderr?: (text: string) => void
  /** Files below it are shown relative to it, others as they are. */
  readonly workingDirectory?: string
}): Promise<number> {
  const loaded = await loadConfig({
    directory: options.config,
    dataDirectory: options.data,
    certificatesDirectory: options.certs,
    environment: options.environment,
  })
  const directory = shownDirectory(options.config, options.workingDirectory)
  const problems = loaded.ok ? [] : loaded.problems
  for (const problem of problems) options.stdout(`${problemLine(problem, directory)}\n`)

  const review = reviewPolicies(loaded.policies)
  const strict = options.strict === true
  const print = strict ? options.stdout : options.stderr
  for (const { problem, failsStrict } of review) {
    if (strict || failsStrict) print?.(`${problemLine(problem, directory)}\n`)
  }
  return problems.length > 0 || (strict && review.some(({ failsStrict }) => failsStrict)) ? 1 : 0
}
