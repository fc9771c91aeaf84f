/** `roles.yaml` and `roles/*.yaml`: who may become what. Policies are AWS JSON; `../roles.ts` compiles them. */
import * as z from 'zod'
import { color, fields, filePath, schemaHint, seconds, tags, text } from './value.js'
import { longestSession } from './server.js'

/** Read by the policy compiler, which knows the language; here only: text, or a set of fields. */
const policy = () =>
  z.union([z.string().min(1), z.record(z.string(), z.unknown())], {
    error: 'must be a policy: AWS JSON as text, or YAML with the same names',
  })

const permissionsPolicy = fields({
  name: text(128)
    .regex(/^[\w+=,.@-]+$/, 'a policy name has letters, digits and _+=,.@-')
    .optional()
    .meta({ description: 'Shown in explanations. Default: `policy-1`, `policy-2`, …' }),
  policy: policy().optional().meta({ description: 'The policy itself. Either this or `policyFile`.' }),
  policyFile: filePath().optional().meta({ description: 'File with the policy, JSON or YAML.' }),
})

export const roleEntry = fields({
  account: text(64).meta({ description: 'Id or alias of the account.' }),
  name: text(64)
    .regex(/^[\w+=,.@-]+$/, 'a role name has letters, digits and _+=,.@-')
    .meta({ description: 'Unique in the account, ignoring case.' }),
  path: text(512)
    .regex(/^\/(?:[\x21-\x2e\x30-\x7e]+\/)*$/, 'a path starts and ends with `/`')
    .default('/')
    .meta({ description: 'Part of the ARN before the name.' }),
  description: text(1000).optional().meta({ description: 'Shown in the portal.' }),
  trustPolicy: policy()
    .optional()
    .meta({ description: 'Who may assume the role. Either this or `trustPolicyFile`.' }),
  trustPolicyFile: filePath().optional().meta({ description: 'File with the trust policy, JSON or YAML.' }),
  permissions: z
    .array(permissionsPolicy)
    .max(50)
    .default([])
    .meta({ description: 'Permissions policies: what the role may do.' }),
  permissionsBoundary: policy().optional().meta({ description: 'Policy that the permissions never exceed.' }),
  permissionsBoundaryFile: filePath()
    .optional()
    .meta({ description: 'File with the boundary, JSON or YAML.' }),
  maxSessionDuration: seconds(900, longestSession)
    .prefault('1h')
    .meta({ description: 'Longest session, 15m to 36h.' }),
  tags: tags().optional().meta({ description: 'Tag keys and values of the role.' }),
  color: color()
    .optional()
    .meta({ description: 'Colour in the portal, `"#rrggbb"`. Default: the account’s.' }),
  id: z
    .string()
    .regex(/^AROA[A-Z2-7]{17}$/, 'a role id is `AROA` and 17 characters of A-Z and 2-7')
    .optional()
    .meta({ description: 'Fixed unique id. Default: made of the ARN, so that it stays the same.' }),
})

export type RoleEntry = z.output<typeof roleEntry>

export const rolesFile = fields({
  $schema: schemaHint(),
  roles: z.array(roleEntry).meta({ description: 'The roles.' }),
})

export const rolesOutline = fields({ $schema: schemaHint(), roles: z.array(z.unknown()) })
