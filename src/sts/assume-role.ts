/**
 * A user or a session becomes a role.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */
import type { RoleBroker } from '../role/broker.js'
import { identityOfCaller } from '../role/caller.js'
import type { StsAction } from './action.js'
import { assume, assumedRoleUser, closing, credentials } from './assume.js'
import { readAssumeParameters, refuseAssume, sessionNameText } from './assume-parameters.js'
import type { QueryForm } from './query-form.js'
import { createValidation, type Validation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

const tagKey = { min: 1, max: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' }
const tagValue = { min: 0, max: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' }
const maxTags = 50
const externalIdText = { min: 2, max: 1224, pattern: '[\\w+=,.@:\\/-]*' }

export function assumeRole(broker: RoleBroker): StsAction {
  return {
    name: 'AssumeRole',
    signed: true,
    parse(form) {
      const check = createValidation(form)
      const parameters = readAssumeParameters(form, check)
      const sessionName = check.requiredText('RoleSessionName', sessionNameText)
      const externalId = check.text('ExternalId', externalIdText)
      const sourceIdentity = check.text('SourceIdentity', sessionNameText)
      const tags = readTags(form, check)
      const transitiveTagKeys = form.list('TransitiveTagKeys')
      check.count('TransitiveTagKeys', transitiveTagKeys.length, maxTags)
      transitiveTagKeys.forEach((key, index) =>
        check.value(`TransitiveTagKeys.${index + 1}.member`, key, tagKey),
      )
      const wrong =
        check.refusal() ??
        refuseAssume(form, parameters) ??
        refuseTags(tags, transitiveTagKeys) ??
        refuseUnsupported(form, sourceIdentity)
      if (wrong !== undefined) return { ok: false, refusal: wrong }

      return {
        ok: true,
        recordable: {
          roleArn: parameters.roleArn,
          roleSessionName: sessionName,
          ...(parameters.durationSeconds === undefined
            ? {}
            : { durationSeconds: parameters.durationSeconds }),
        },
        run: (caller, origin) =>
          assume(
            broker,
            {
              caller,
              ...parameters,
              sessionName,
              ...(tags.length === 0 ? {} : { tags: new Map(tags) }),
              ...(transitiveTagKeys.length === 0 ? {} : { transitiveTagKeys }),
              ...(externalId === undefined ? {} : { externalId }),
              ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
              eventName: 'AssumeRole',
              eventSource: 'sts.amazonaws.com',
              origin,
            },
            (action) =>
              `User: ${identityOfCaller(caller).arn} is not authorized to perform: ${action} on resource: ${parameters.roleArn}`,
            (granted) => [assumedRoleUser(granted), credentials(granted), ...closing(granted)],
          ),
      }
    },
  }
}

type Tags = readonly (readonly [key: string, value: string])[]

function readTags(form: QueryForm, check: Validation): Tags {
  const members = form.structures('Tags')
  check.count('Tags', members.length, maxTags)
  return members.map((member, index) => {
    const key = member.get('Key') ?? ''
    const value = member.get('Value') ?? ''
    check.value(`Tags.${index + 1}.member.Key`, key, tagKey)
    check.value(`Tags.${index + 1}.member.Value`, value, tagValue)
    return [key, value] as const
  })
}

/** Checked here, where repeats are still to be seen: the broker gets a map. */
function refuseTags(tags: Tags, transitiveTagKeys: readonly string[]): Refusal | undefined {
  const folded = tags.map(([key]) => key.toLowerCase())
  if (folded.some((key) => key.startsWith('aws:')))
    return refusal('ValidationError', 'Tag keys must not begin with aws:.', 'sts:tags')
  if (new Set(folded).size !== folded.length)
    return refusal(
      'InvalidParameterValue',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      'sts:tags',
    )
  return transitiveTagKeys.every((key) => folded.includes(key.toLowerCase()))
    ? undefined
    : refusal(
        'InvalidParameterValue',
        'The specified transitive tag key must be included in the requested tags.',
        'sts:transitive',
      )
}

/** A parameter that would restrict or prove something must not be passed over in silence. */
function refuseUnsupported(form: QueryForm, sourceIdentity: string | undefined): Refusal | undefined {
  if (sourceIdentity?.toLowerCase().startsWith('aws:') === true)
    return refusal('ValidationError', 'SourceIdentity must not begin with aws:.', 'sts:source-identity')
  if (form.get('SerialNumber') !== undefined || form.get('TokenCode') !== undefined)
    return refusal(
      'AccessDenied',
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
      'sts:mfa',
    )
  return form.structures('ProvidedContexts').length === 0
    ? undefined
    : refusal('AccessDenied', 'Not authorized to perform sts:SetContext', 'sts:context')
}
