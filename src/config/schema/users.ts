/** `users.yaml` and `users/*.yaml`: principals with long-term keys. Keys and MFA devices are never written here. */
import * as z from 'zod'
import { accountReference, entityName, entityPath, permissionFields } from './permissions.js'
import { fields, schemaHint, tags, text } from './value.js'

export const userEntry = fields({
  account: accountReference(),
  name: entityName('a user', 64),
  path: entityPath(),
  description: text(1000).optional().meta({ description: 'What the user is for.' }),
  ...permissionFields('user'),
  tags: tags().optional().meta({ description: 'Tag keys and values of the user.' }),
  owner: fields({
    provider: text(64).meta({ description: 'Name of the identity provider.' }),
    username: text(256).meta({ description: 'The person’s user name there, compared exactly.' }),
  })
    .optional()
    .meta({
      description: 'Who may enrol the user’s MFA device in the portal. Default: only the command line may.',
    }),
  id: z
    .string()
    .regex(/^AIDA[A-Z2-7]{17}$/, 'a user id is `AIDA` and 17 characters of A-Z and 2-7')
    .optional()
    .meta({ description: 'Fixed unique id. Default: made of the ARN, so that it stays the same.' }),
})

export type UserEntry = z.output<typeof userEntry>

export const usersFile = fields({
  $schema: schemaHint(),
  users: z.array(userEntry).meta({ description: 'The users.' }),
})

export const usersOutline = fields({ $schema: schemaHint(), users: z.array(z.unknown()) })
