/** `Tags` and `TransitiveTagKeys`. Repeats are refused here, where they are still to be seen: later the tags are a map. */
import type { QueryForm } from './query-form.js'
import type { Validation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

const tagKey = { min: 1, max: 128, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+' }
const tagValue = { min: 0, max: 256, pattern: '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*' }
const maxTags = 50

export type TagPairs = readonly (readonly [key: string, value: string])[]

export function readTags(form: QueryForm, check: Validation): TagPairs {
  const members = form.structures('Tags')
  if (!check.count('Tags', members.length, maxTags)) return []
  return members.map((member, index) => [
    check.member(`Tags.${index + 1}.member.Key`, member.get('Key'), tagKey),
    check.member(`Tags.${index + 1}.member.Value`, member.get('Value'), tagValue),
  ])
}

export function readTransitiveTagKeys(form: QueryForm, check: Validation): readonly string[] {
  const keys = form.list('TransitiveTagKeys')
  if (!check.count('TransitiveTagKeys', keys.length, maxTags)) return []
  for (const [index, key] of keys.entries()) check.value(`TransitiveTagKeys.${index + 1}.member`, key, tagKey)
  return keys
}

export function refuseTags(tags: TagPairs, transitiveTagKeys: readonly string[] = []): Refusal | undefined {
  if (tags.length === 0 && transitiveTagKeys.length === 0) return undefined
  const folded = new Set<string>()
  for (const [key] of tags) folded.add(key.toLowerCase())
  if ([...folded].some((key) => key.startsWith('aws:')))
    return refusal('ValidationError', 'Tag keys must not begin with aws:.', 'sts:tags')
  if (folded.size !== tags.length)
    return refusal(
      'InvalidParameterValue',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
      'sts:tags',
    )
  return transitiveTagKeys.every((key) => folded.has(key.toLowerCase()))
    ? undefined
    : refusal(
        'InvalidParameterValue',
        'The specified transitive tag key must be included in the requested tags.',
        'sts:transitive',
      )
}
