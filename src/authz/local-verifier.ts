/** Decides in this process, with what the installation has: its policies, keys, users and revocations. */
import type { AuditLog } from '../audit/event.js'
import type { Log } from '../operation/log.js'
import type { MessageBox } from '../role/authorization-message.js'
import type { AuthenticationDeps } from '../authentication/authenticate.js'
import type { Clock } from '../fault.js'
import type { RoleDirectory } from '../role/role.js'
import { authorizeQuestion } from './authorize-request.js'
import { dataEvent } from './data-event.js'
import { BadRequest } from './json-reading.js'
import { judge, type Judgement } from './judge.js'
import { createResourcePolicies } from './resource-policies.js'
import { CannotDecide, VerifierRefused, type Verifier } from './verifier.js'
import { decidedFacts } from './decided-facts.js'

export interface LocalVerifierDeps extends Pick<AuthenticationDeps, 'sessions' | 'keys' | 'revocations'> {
  readonly directory: () => RoleDirectory
  readonly settings: () => { readonly clockSkewSeconds: number }
  readonly authorizationMessages: MessageBox
  readonly audit: AuditLog
  readonly log: Log
  readonly now: Clock
  /** For the ids of requests and records. */
  readonly randomUuid: () => string
  /** Of the resource server: owner of resources whose ARN names no account. */
  readonly account: string
  readonly close: () => Promise<void>
}

export function createLocalVerifier(deps: LocalVerifierDeps): Verifier {
  const policies = createResourcePolicies()
  const { account } = deps
  return {
    async check(question) {
      const asked = refusing(() => authorizeQuestion(question, account, policies))
      const requestId = deps.randomUuid()
      const now = deps.now()
      const judgement = await judge(
        asked,
        { requestId, account },
        { ...deps, directory: deps.directory(), now, clockSkewSeconds: deps.settings().clockSkewSeconds },
      )
      const { sourceIp, secureTransport: secure } = asked
      try {
        deps.audit.note(
          dataEvent({
            proven: judgement.authenticated,
            ...decidedFacts(asked, judgement),
            now,
            eventID: deps.randomUuid(),
            eventName: 'Authorize',
            origin: { requestId, sourceIp, userAgent: 'rolegate', secure },
          }),
        )
      } catch (cause) {
        throw new CannotDecide('the decision cannot be recorded', { cause })
      }
      return answerOf(judgement)
    },
    close: deps.close,
  }
}

function answerOf(judgement: Judgement) {
  if (judgement.authenticated) {
    const { decisions, ...known } = judgement.answer
    const [decision] = decisions
    if (decision === undefined) throw new TypeError('a question was not answered')
    return { ...known, ...decision }
  }
  const { code, message } = judgement.refusal
  if (code === 'ServiceUnavailable') throw new CannotDecide(message)
  return { authenticated: false as const, code, message }
}

function refusing<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof BadRequest)) throw cause
    throw new VerifierRefused('ValidationError', cause.sentence)
  }
}
