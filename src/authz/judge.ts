/**
 * Answers a resource server: who signed the request, and what the policies say to each question about it. The same for
 * servers that ask over HTTP and for those that decide in their own process.
 */
import type { RequestOrigin } from '../audit/event.js'
import { explain } from '../policy/explain.js'
import { safeSentences } from '../policy/explain-safely.js'
import { encodeAuthorizationMessage, type MessageBox } from '../role/authorization-message.js'
import { identityOfCaller, type Caller } from '../role/caller.js'
import { permissionOf, type Permission } from '../role/permission.js'
import { headerValues } from '../signature/received-header.js'
import type { SignatureRefusal } from '../signature/refusal.js'
import type { AccessDecision, AccessQuestion, AccessRequest, ClientKnown, DecisionReason } from './access.js'
import { authenticateClient, type ClientAuthenticationDeps } from './client-authentication.js'
import { clientIdentity, sessionTagsOf } from './client-identity.js'

export interface JudgeDeps extends ClientAuthenticationDeps {
  readonly authorizationMessages: MessageBox
}

/** Who asks. */
export interface Asker {
  readonly requestId: string
  /** Policies of other accounts stay unnamed. */
  readonly account: string
}

export type Judgement =
  | {
      readonly authenticated: true
      readonly caller: Caller
      readonly answer: ClientKnown
      /** In the order of the questions, for the record. */
      readonly decisions: readonly Permission[]
    }
  | { readonly authenticated: false; readonly refusal: SignatureRefusal; readonly claimed?: Caller }

/** Never rejects. */
export async function judge(asked: AccessRequest, asker: Asker, deps: JudgeDeps): Promise<Judgement> {
  const authentication = await authenticateClient(asked.request, asked.body, asked, deps)
  if (!authentication.ok) {
    const { refusal, claimed } = authentication
    return { authenticated: false, refusal, ...(claimed === undefined ? {} : { claimed }) }
  }
  const { caller, region, payloadHash } = authentication
  const origin: RequestOrigin = {
    requestId: asker.requestId,
    sourceIp: asked.sourceIp,
    userAgent: headerValues(asked.request.headers, 'user-agent')[0] ?? '',
    secure: asked.secureTransport,
    region,
  }
  const decided = asked.questions.map((question) => decide(question, caller, origin, asker, deps))
  return {
    authenticated: true,
    caller,
    decisions: decided.map(({ decision }) => decision),
    answer: {
      authenticated: true,
      identity: clientIdentity(caller),
      sessionTags: Object.fromEntries(sessionTagsOf(caller)),
      payload: payloadHash,
      decisions: decided.map(({ told }) => told),
    },
  }
}

function decide(
  asked: AccessQuestion,
  caller: Caller,
  origin: RequestOrigin,
  asker: Asker,
  { directory, now, authorizationMessages }: JudgeDeps,
): { readonly decision: Permission; readonly told: AccessDecision } {
  const { decision, question } = permissionOf({ ...asked, caller, origin }, directory, now)
  const identity = identityOfCaller(caller)
  const reasons = reasonsOf(
    decision,
    (layer) => asker.account === (layer === 'resource' ? asked.resourceAccount : identity.account),
  )
  if (decision.outcome === 'allowed' || question === undefined)
    return { decision, told: { decision: decision.outcome, reasons } }
  const { request, layers } = question
  return {
    decision,
    told: {
      decision: decision.outcome,
      reasons,
      explanation:
        decision.credentialLimit === undefined
          ? safeSentences(explain(request, layers))
          : [`Denied: ${decision.credentialLimit}.`],
      encodedMessage: encodeAuthorizationMessage(authorizationMessages, identity.account, {
        caller: identity,
        request,
        decision,
      }),
    },
  }
}

function reasonsOf(
  { matched, missing = [], credentialLimit }: Permission,
  mayName: (layer: DecisionReason['layer']) => boolean,
): readonly DecisionReason[] {
  if (credentialLimit !== undefined) return [{ layer: 'credentials', effect: 'missing' }]
  return [
    ...matched.map(({ layer, effect, policy, statement }) => ({
      layer,
      effect,
      ...(mayName(layer) ? { policy, statement } : {}),
    })),
    ...[...new Set(missing)].map((layer) => ({ layer, effect: 'missing' as const })),
  ]
}
