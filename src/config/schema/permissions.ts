/** What roles and users have in common: names, paths, and the ways to say what they may do. */
import * as z from 'zod'
import { fields, filePath, text } from './value.js'

/** As many managed policies as AWS allows a role or user when the quota is raised; 10 before. */
const maxManagedPolicies = 20

/** Read by the policy compiler, which knows the language; here only: text, or a set of fields. */
export const policy = () =>
  z.union([z.string().min(1), z.record(z.string(), z.unknown())], {
    error: 'must be a policy: AWS JSON as text, or YAML with the same names',
  })

export const accountReference = () => text(64).meta({ description: 'Id or alias of the account.' })

/** @param noun e.g. `a role`. */
export const entityName = (noun: string, max: number) =>
  text(max)
    .regex(/^[\w+=,.@-]+$/, `${noun} name has letters, digits and _+=,.@-`)
    .meta({ description: 'Unique in the account, ignoring case.' })

export const entityPath = () =>
  text(512)
    .regex(/^\/(?:[\x21-\x2e\x30-\x7e]+\/)*$/, 'a path starts and ends with `/`')
    .default('/')
    .meta({ description: 'Part of the ARN before the name.' })

const permissionsPolicy = fields({
  name: text(128)
    .regex(/^[\w+=,.@-]+$/, 'a policy name has letters, digits and _+=,.@-')
    .optional()
    .meta({ description: 'Shown in explanations. Default: `policy-1`, `policy-2`, …' }),
  policy: policy().optional().meta({ description: 'The policy itself. Either this or `policyFile`.' }),
  policyFile: filePath().optional().meta({ description: 'File with the policy, JSON or YAML.' }),
})

const managedPolicyArn = () =>
  text(700).regex(
    /^arn:aws:iam::(?:aws|\d{12}):policy\/(?:[\x21-\x2e\x30-\x7e]+\/)*[\w+=,.@-]{1,128}$/,
    'must be the ARN of a managed policy, e.g. `arn:aws:iam::aws:policy/ReadOnlyAccess`',
  )

/** @param noun e.g. `role`. */
export const permissionFields = (noun: string) => ({
  permissions: z
    .array(permissionsPolicy)
    .max(50)
    .default([])
    .meta({ description: `Permissions policies: what the ${noun} may do.` }),
  managedPolicies: z.array(managedPolicyArn()).max(maxManagedPolicies).default([]).meta({
    description: 'ARNs of managed policies of the same account or of `aws`, at most 20.',
  }),
  permissionsBoundary: policy()
    .optional()
    .meta({ description: 'Policy that the permissions never exceed, or the ARN of a managed one.' }),
  permissionsBoundaryFile: filePath()
    .optional()
    .meta({ description: 'File with the boundary, JSON or YAML.' }),
})

const permissionShape = fields(permissionFields('role'))

export type PermissionEntry = z.output<typeof permissionShape>
