/** `roles.yaml` and `roles/*.yaml`: who may become what. Policies are AWS JSON; `../roles.ts` compiles them. */
import * as z from 'zod'
import { accountReference, entityName, entityPath, permissionFields, policy } from './permissions.js'
import { longestSession } from './server.js'
import { color, fields, filePath, schemaHint, seconds, tags, text } from './value.js'

export const roleEntry = fields({
  account: accountReference(),
  name: entityName('a role', 64),
  path: entityPath(),
  description: text(1000).optional().meta({ description: 'Shown in the portal.' }),
  trustPolicy: policy()
    .optional()
    .meta({ description: 'Who may assume the role. Either this or `trustPolicyFile`.' }),
  trustPolicyFile: filePath().optional().meta({ description: 'File with the trust policy, JSON or YAML.' }),
  ...permissionFields('role'),
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
