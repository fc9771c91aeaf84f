/** What a command may touch of the world around it; passed in, so that commands are functions. */
export interface Terminal {
  /** Results only: what a program may parse. */
  out(text: string): void
  /** Everything meant for a person. */
  err(text: string): void
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly now: () => Date
  readonly fetch: typeof fetch
  /** Opens the person's browser; resolves false when there is none. */
  openBrowser(url: string): Promise<boolean>
  wait(milliseconds: number): Promise<void>
}

/** Exit codes, also documented in docs/command-line.md. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** No login, or an expired one: run `rolegate login`. */
  loginNeeded: 3,
  /** Signed in, but the role is refused or unknown. */
  denied: 4,
  /** The server cannot be reached or cannot answer now. */
  unreachable: 5,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends a command with one line on standard error. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string) {
    super(message)
    this.exitCode = exitCode
  }
}
