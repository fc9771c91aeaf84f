/**
 * A user or a session becomes a role.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
import type { RequestOrigin } from '../audit/event.js'
import type { IdentityProvider } from '../federation/assertion.js'
import type { AssumeRequest, RoleBroker } from '../role/broker.js'
import type { Caller } from '../role/caller.js'
import { deniedMessage } from '../role/denied-message.js'
import type { StsAction, StsOutcome } from './action.js'
import { assume, assumedRoleUser, closing, credentials } from './assume.js'
import {
  readContexts,
  verifyContexts,
  type ContextParameter,
  type ContextsOutcome,
} from './assume-contexts.js'
import {
  readAssumeParameters,
  recordableAssume,
  refuseAssume,
  sessionNameText,
  type AssumeParameters,
} from './assume-parameters.js'
import {
  readMfa,
  recordableMfa,
  refuseMfa,
  verifyMfa,
  type MfaDeps,
  type MfaOutcome,
  type MfaParameters,
} from './mfa.js'
import { refused } from './permission.js'
import { refuseOutsideBody } from './proof.js'
import type { QueryForm } from './query-form.js'
import { readTags, readTransitiveTagKeys, refuseTags, type TagPairs } from './session-tag-parameters.js'
import { createValidation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

const name = 'AssumeRole'
// Nothing was sent, so nothing has to be waited for.
const noContexts: ContextsOutcome = { ok: true, contexts: [] }
const noMfa: MfaOutcome = { ok: true }
const externalIdText = { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' }

export interface AssumeRoleDeps extends MfaDeps {
  readonly broker: RoleBroker
  readonly providers: () => readonly IdentityProvider[]
}

interface Parameters {
  readonly shared: AssumeParameters
  readonly sessionName: string
  readonly externalId: string | undefined
  readonly sourceIdentity: string | undefined
  readonly tags: TagPairs
  readonly transitiveTagKeys: readonly string[]
  readonly mfa: MfaParameters | undefined
  readonly contexts: readonly ContextParameter[]
}

export function assumeRole(deps: AssumeRoleDeps): StsAction {
  return {
    name,
    signed: true,
    parse(form) {
      const parameters = read(form)
      if ('code' in parameters) return { ok: false, refusal: parameters }
      return {
        ok: true,
        recordable: {
          ...recordableAssume(parameters.shared),
          roleSessionName: parameters.sessionName,
          ...recordableMfa(parameters.mfa),
        },
        resource: parameters.shared.roleArn,
        run: (caller, origin) => run(deps, parameters, caller, origin),
      }
    },
  }
}

function read(form: QueryForm): Parameters | Refusal {
  const check = createValidation(form)
  const shared = readAssumeParameters(form, check)
  const sessionName = check.requiredText('RoleSessionName', sessionNameText)
  const externalId = check.text('ExternalId', externalIdText)
  // Its pattern has no colon, so none begins with `aws:`.
  const sourceIdentity = check.text('SourceIdentity', sessionNameText)
  const tags = readTags(form, check)
  const transitiveTagKeys = readTransitiveTagKeys(form, check)
  const mfa = readMfa(check)
  const contexts = readContexts(form, check)
  return (
    check.refusal() ??
    refuseAssume(form, shared) ??
    refuseTags(tags, transitiveTagKeys) ??
    refuseMfa(mfa) ??
    refuseOutsideBody(
      form,
      contexts.map((_, index) => `ProvidedContexts.member.${index + 1}.ContextAssertion`),
    ) ?? { shared, sessionName, externalId, sourceIdentity, tags, transitiveTagKeys, mfa, contexts }
  )
}

async function run(
  deps: AssumeRoleDeps,
  parameters: Parameters,
  caller: Caller,
  origin: RequestOrigin,
): Promise<StsOutcome> {
  const { mfa, contexts: given } = parameters
  const { roleArn } = parameters.shared
  const provided = given.length === 0 ? noContexts : await verifyContexts(given, deps.providers())
  if (!provided.ok) {
    // A provider that nobody declared, or that vouches for no contexts, looks like one that the role does not take.
    return refused(
      provided.refusal === 'unknown-provider'
        ? refusal('AccessDenied', deniedMessage(caller, 'sts:SetContext', roleArn), 'sts:context-provider')
        : provided.refusal,
    )
  }
  const verified = mfa === undefined ? noMfa : await verifyMfa(caller, mfa, deps)
  if (!verified.ok) return refused(verified.refusal)
  const { contexts } = provided
  const request = requestOf(parameters, caller, origin)
  if (verified.multiFactor !== undefined) request.multiFactor = verified.multiFactor
  if (contexts.length > 0) request.contexts = contexts
  return assume(
    deps.broker,
    request,
    (action) => deniedMessage(caller, action, roleArn),
    (granted) => [assumedRoleUser(granted), credentials(granted), ...closing(granted)],
  )
}

type Draft = { -readonly [Field in keyof AssumeRequest]: AssumeRequest[Field] }

/** Field by field, since copying objects costs more than judging the request. */
function requestOf(
  { shared, sessionName, externalId, sourceIdentity, tags, transitiveTagKeys }: Parameters,
  caller: Caller,
  origin: RequestOrigin,
): Draft {
  const { roleArn, durationSeconds, sessionPolicies, policyArns, minimumTokenLength } = shared
  const request: Draft = {
    caller,
    roleArn,
    sessionName,
    eventName: name,
    eventSource: 'sts.amazonaws.com',
    origin,
  }
  if (durationSeconds !== undefined) request.durationSeconds = durationSeconds
  if (sessionPolicies !== undefined) request.sessionPolicies = sessionPolicies
  if (policyArns !== undefined) request.policyArns = policyArns
  if (externalId !== undefined) request.externalId = externalId
  if (sourceIdentity !== undefined) request.sourceIdentity = sourceIdentity
  if (tags.length > 0) request.tags = new Map(tags)
  if (transitiveTagKeys.length > 0) request.transitiveTagKeys = transitiveTagKeys
  if (minimumTokenLength !== undefined) request.minimumTokenLength = minimumTokenLength
  return request
}
