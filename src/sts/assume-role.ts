/**
 * A user or a session becomes a role.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
import type { RequestOrigin } from '../audit/event.js'
import type { IdentityProvider } from '../federation/assertion.js'
import type { RoleBroker } from '../role/broker.js'
import type { Caller } from '../role/caller.js'
import { deniedMessage } from '../role/denied-message.js'
import type { StsAction, StsOutcome } from './action.js'
import { assume, assumedRoleUser, closing, credentials } from './assume.js'
import { readContexts, verifyContexts, type ContextParameter } from './assume-contexts.js'
import {
  readAssumeParameters,
  recordableAssume,
  refuseAssume,
  sessionNameText,
  type AssumeParameters,
} from './assume-parameters.js'
import { readMfa, recordableMfa, refuseMfa, verifyMfa, type MfaDeps, type MfaParameters } from './mfa.js'
import { refused } from './permission.js'
import { refuseOutsideBody } from './proof.js'
import type { QueryForm } from './query-form.js'
import { readTags, readTransitiveTagKeys, refuseTags, type TagPairs } from './session-tag-parameters.js'
import { createValidation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

const name = 'AssumeRole'
const externalIdText = { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' }

export interface AssumeRoleDeps extends MfaDeps {
  readonly broker: RoleBroker
  readonly providers: () => readonly IdentityProvider[]
}

interface Parameters extends AssumeParameters {
  readonly sessionName: string
  readonly externalId?: string
  readonly sourceIdentity?: string
  readonly tags: TagPairs
  readonly transitiveTagKeys: readonly string[]
  readonly mfa?: MfaParameters
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
          ...recordableAssume(parameters),
          roleSessionName: parameters.sessionName,
          ...recordableMfa(parameters.mfa),
        },
        run: (caller, origin) => run(deps, parameters, caller, origin),
      }
    },
  }
}

function read(form: QueryForm): Parameters | Refusal {
  const check = createValidation(form)
  const parameters = readAssumeParameters(form, check)
  const sessionName = check.requiredText('RoleSessionName', sessionNameText)
  const externalId = check.text('ExternalId', externalIdText)
  const sourceIdentity = check.text('SourceIdentity', sessionNameText)
  const tags = readTags(form, check)
  const transitiveTagKeys = readTransitiveTagKeys(form, check)
  const mfa = readMfa(check)
  const contexts = readContexts(form, check)
  return (
    check.refusal() ??
    refuseAssume(parameters) ??
    refuseTags(tags, transitiveTagKeys) ??
    refuseSourceIdentity(sourceIdentity) ??
    refuseMfa(mfa) ??
    refuseOutsideBody(
      form,
      contexts.map((_, index) => `ProvidedContexts.member.${index + 1}.ContextAssertion`),
    ) ?? {
      ...parameters,
      sessionName,
      ...(externalId === undefined ? {} : { externalId }),
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
      tags,
      transitiveTagKeys,
      ...(mfa === undefined ? {} : { mfa }),
      contexts,
    }
  )
}

async function run(
  deps: AssumeRoleDeps,
  { mfa, contexts: given, tags, transitiveTagKeys, ...parameters }: Parameters,
  caller: Caller,
  origin: RequestOrigin,
): Promise<StsOutcome> {
  const { roleArn } = parameters
  const provided = await verifyContexts(given, given.length === 0 ? [] : deps.providers())
  if (!provided.ok) {
    // A provider that nobody declared, or that vouches for no contexts, looks like one that the role does not take.
    return refused(
      provided.refusal === 'unknown-provider'
        ? refusal('AccessDenied', deniedMessage(caller, 'sts:SetContext', roleArn), 'sts:context-provider')
        : provided.refusal,
    )
  }
  const verified = await verifyMfa(caller, mfa, deps)
  if (!verified.ok) return refused(verified.refusal)
  const { contexts } = provided
  return assume(
    deps.broker,
    {
      caller,
      ...parameters,
      ...(tags.length === 0 ? {} : { tags: new Map(tags) }),
      ...(transitiveTagKeys.length === 0 ? {} : { transitiveTagKeys }),
      ...(verified.multiFactor === undefined ? {} : { multiFactor: verified.multiFactor }),
      ...(contexts.length === 0 ? {} : { contexts }),
      eventName: name,
      eventSource: 'sts.amazonaws.com',
      origin,
    },
    (action) => deniedMessage(caller, action, roleArn),
    (granted) => [assumedRoleUser(granted), credentials(granted), ...closing(granted)],
  )
}

function refuseSourceIdentity(sourceIdentity: string | undefined): Refusal | undefined {
  return sourceIdentity?.toLowerCase().startsWith('aws:') === true
    ? refusal('ValidationError', 'SourceIdentity must not begin with aws:.', 'sts:source-identity')
    : undefined
}
