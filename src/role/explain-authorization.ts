/**
 * The same authorisation as `authorize`, with the explanation of the question that decided it. For administrators and
 * simulations: explanations quote policies.
 */
import { explain, type Explanation } from '../policy/explain.js'
import { authorize, questionsFor, type Authorization } from './authorize.js'
import type { AssumeCaller } from './broker.js'
import type { ContextParts } from './request-context.js'
import type { RoleDirectory } from './role.js'

export interface ExplainedAuthorization {
  readonly authorization: Authorization
  /** Absent when no policy had to be asked: `authorization.reason` says why. */
  readonly explanation?: Explanation
}

export function explainAuthorization(
  caller: AssumeCaller,
  directory: RoleDirectory,
  parts: ContextParts,
): ExplainedAuthorization {
  const authorization = authorize(caller, directory, parts)
  const questions = questionsFor(caller, directory, parts)
  if (typeof questions === 'string') return { authorization }
  const decisive = authorization.allowed
    ? questions[0]
    : questions.find(({ request }) => request.action === authorization.deniedAction)
  if (decisive === undefined) return { authorization }
  return { authorization, explanation: explain(decisive.request, decisive.layers) }
}
