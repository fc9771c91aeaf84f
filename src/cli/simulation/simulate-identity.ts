/**
 * `rolegate simulate --as`: the roles of a configuration that an identity may assume, and why not the others, decided
 * by what decides in the server. Asks no provider and changes nothing.
 */
import type { Config } from '../../config/config.js'
import { readIdentityFile, type IdentityFile } from '../../config/identity-file.js'
import { loadConfig } from '../../config/load-config.js'
import { suggestion } from '../../config/nearest-name.js'
import type { Assertion } from '../../federation/assertion.js'
import { createConfigDirectory } from '../../role/config-directory.js'
import { explainAuthorization } from '../../role/explain-authorization.js'
import type { Role } from '../../role/role.js'
import { signInParameters } from '../../role/sign-in-parameters.js'
import { problemLine } from '../../config/problem-line.js'
import { CommandError, exitCodes, type ExitCode, type Terminal } from '../terminal.js'
import { answersAsJson, answersAsText, type RoleAnswer } from './role-answers.js'
import { simulatedAssertion } from './simulated-assertion.js'

export interface IdentityOptions {
  /** File; JSON when its name says so, otherwise YAML. */
  readonly identity: string
  /** ARN; absent: every role. */
  readonly role: string | undefined
  readonly json: boolean
  readonly config: string
  readonly data: string
  readonly certs: string
  readonly terminal: Pick<Terminal, 'out' | 'err' | 'environment' | 'now'>
}

/** @returns `denied` when one role was asked for and is refused. */
export async function simulateIdentity(options: IdentityOptions): Promise<ExitCode> {
  const { terminal } = options
  const loaded = await loadConfig({
    directory: options.config,
    dataDirectory: options.data,
    certificatesDirectory: options.certs,
    environment: terminal.environment,
  })
  const read = await readIdentityFile(options.identity)
  if (!loaded.ok) for (const problem of loaded.problems) terminal.err(problemLine(problem, options.config))
  if (!read.ok) for (const problem of read.problems) terminal.err(problemLine(problem, ''))
  if (!loaded.ok || !read.ok) return exitCodes.failed

  const { config } = loaded
  const now = read.identity.time === undefined ? terminal.now() : new Date(read.identity.time)
  const assertion = simulatedAssertion(read.identity, config.providers, config.server.publicUrl, now)
  if (isSupposed(config, read.identity)) {
    terminal.err(
      `Supposing that a provider \`${read.identity.provider}\` were enabled: the server would refuse it.`,
    )
  }
  const roles = options.role === undefined ? config.roles : [roleIn(config, options.role)]
  const answers = judged(config, roles, assertion, read.identity, now)
  const render = options.json ? answersAsJson : answersAsText
  terminal.out(render(assertion, answers, { inFull: options.role !== undefined }))
  const refused = options.role !== undefined && answers.some(({ allowed }) => !allowed)
  return refused ? exitCodes.denied : exitCodes.ok
}

/** `simulatedAssertion` refuses an unknown provider unless the identity says its kind. */
function isSupposed(config: Config, { provider }: IdentityFile): boolean {
  return !config.providers.some(({ name }) => name === provider)
}

function roleIn(config: Config, arn: string): Role {
  const role = config.roles.find((known) => known.arn === arn)
  if (role !== undefined) return role
  const known = config.roles.map((other) => other.arn)
  throw new CommandError(exitCodes.usage, `no role \`${arn}\` is declared; ${suggestion(arn, known)}`)
}

function judged(
  config: Config,
  roles: readonly Role[],
  assertion: Assertion,
  identity: IdentityFile,
  now: Date,
): readonly RoleAnswer[] {
  const { organization } = config
  const declared = createConfigDirectory(config)
  // Who says the kind of a provider that is switched off asks what would be if it were on.
  const directory = isSupposed(config, identity) ? { ...declared, vouchesFor: () => true } : declared
  const passed = signInParameters(assertion)
  const origin = {
    requestId: 'simulation',
    sourceIp: identity.sourceIp,
    userAgent: identity.userAgent,
    secure: identity.secureTransport,
  }
  return roles
    .map((role): RoleAnswer => {
      const account = directory.account(role.account)
      const parts = { now, origin, organization, role, account, passed }
      const { authorization, explanation } = explainAuthorization(
        { type: 'assertion', assertion },
        directory,
        parts,
      )
      return {
        arn: role.arn,
        allowed: authorization.allowed,
        decision: authorization.decision,
        ...(authorization.allowed
          ? {}
          : { deniedAction: authorization.deniedAction, reason: authorization.reason }),
        ...(explanation && { explanation }),
      }
    })
    .sort((one, other) => (one.arn < other.arn ? -1 : 1))
}
