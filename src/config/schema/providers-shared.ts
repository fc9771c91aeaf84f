/** What every entry of `providers.yaml` may have: its name, and what it gives sessions. */
import * as z from 'zod'
import { fields, tagKey, text } from './value.js'

const keyName = /^[A-Za-z0-9._-]{1,64}$/

const attribute = fields({
  from: text(512).meta({
    description: 'The provider’s name: LDAP attribute, SAML attribute Name, claim (nested: `a.b`).',
  }),
  to: z
    .string()
    .regex(keyName, 'a condition key’s name has 1 to 64 letters, digits and ._-')
    .optional()
    .meta({ description: 'Condition key without its prefix. Default: the same as `from`.' }),
  list: z
    .boolean()
    .default(false)
    .meta({ description: 'True: always multivalued, for `ForAnyValue:` and `ForAllValues:`.' }),
})

const sessionTag = fields({
  from: text(512).meta({ description: 'The provider’s name for it, as in `attributes`.' }),
  to: tagKey()
    .optional()
    .meta({ description: 'Key of the tag, `aws:PrincipalTag/<key>`. Default: the same as `from`.' }),
  transitive: z
    .boolean()
    .default(false)
    .meta({ description: 'True: the tag stays with the session through role chaining.' }),
  required: z
    .boolean()
    .default(false)
    .meta({ description: 'True: who has no such attribute cannot sign in. False: has no such tag.' }),
})

const sourceIdentity = fields({
  from: text(512).meta({ description: 'The provider’s name for it, as in `attributes`.' }),
  required: z
    .boolean()
    .default(false)
    .meta({ description: 'True: who has no such attribute cannot sign in.' }),
})

/** Of every kind. */
export const shared = {
  name: z
    .string()
    .regex(keyName, 'a provider name has 1 to 64 letters, digits and ._-')
    .meta({ description: 'Unique; part of URLs and ARNs.' }),
  displayName: text(64).optional().meta({ description: 'On the sign-in page. Default: the name.' }),
  enabled: z.boolean().default(true).meta({
    description:
      'False: declared, so that trust policies may name it, but nobody signs in through it and its secrets are not read.',
  }),
  attributes: z
    .array(z.union([text(512), attribute]))
    .max(100)
    .default([])
    .meta({ description: 'What becomes condition keys: names, or `{from, to, list}`.' }),
  sessionTags: z
    .array(z.union([text(128), sessionTag]))
    .max(50)
    .default([])
    .meta({ description: 'What becomes session tags: names, or `{from, to, transitive, required}`.' }),
  sourceIdentity: z
    .union([text(512), sourceIdentity])
    .optional()
    .meta({ description: 'What becomes `aws:SourceIdentity`: a name, or `{from, required}`.' }),
}

/** For kinds whose messages can carry session tags of their own. */
export const assertsTags = {
  allowTagKeys: z.array(tagKey()).max(1_000).optional().meta({
    description: 'Keys of the session tags that the provider may assert itself, ignoring case. Absent: any.',
  }),
}
