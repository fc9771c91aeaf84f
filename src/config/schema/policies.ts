/** `policies.yaml` and `policies/*.yaml`: managed policies of the accounts. */
import * as z from 'zod'
import { accountReference, entityName, policy } from './permissions.js'
import { fields, filePath, schemaHint, text } from './value.js'

export const policyEntry = fields({
  account: accountReference(),
  name: entityName('a policy', 128),
  path: text(512)
    .regex(
      /^\/(?:[A-Za-z0-9.,+@=_-]+\/)*$/,
      'a policy’s path starts and ends with `/`, letters, digits and .,+@=_- between',
    )
    .default('/')
    .meta({ description: 'Part of the ARN before the name.' }),
  description: text(1000).optional().meta({ description: 'What the policy is for.' }),
  policy: policy().optional().meta({ description: 'The policy itself. Either this or `policyFile`.' }),
  policyFile: filePath().optional().meta({ description: 'File with the policy, JSON or YAML.' }),
})

export type PolicyEntry = z.output<typeof policyEntry>

export const policiesFile = fields({
  $schema: schemaHint(),
  policies: z.array(policyEntry).meta({ description: 'The managed policies.' }),
})

export const policiesOutline = fields({ $schema: schemaHint(), policies: z.array(z.unknown()) })
