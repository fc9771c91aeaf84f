/** `organization.yaml`: the organisation, its units and its accounts. */
import * as z from 'zod'
import { accountId, color, fields, schemaHint, tags, text } from './value.js'

const unitName = () =>
  text(128).regex(
    /^[^/]+(?:\/[^/]+)*$/,
    'a unit is a name, or a path of names such as `Workloads/Production`',
  )

export interface UnitEntry {
  readonly name: string
  readonly units?: readonly (string | UnitEntry)[] | undefined
}

const unit: z.ZodType<UnitEntry> = fields({
  name: unitName().meta({ description: 'Name within its parent, or a path.' }),
  get units() {
    return z
      .array(z.union([unitName(), unit]))
      .optional()
      .meta({ description: 'Units below this one.' })
  },
})

export const accountEntry = fields({
  id: accountId().meta({ description: '12 decimal digits, quoted.' }),
  name: text(50).meta({ description: 'What people call the account.' }),
  alias: z
    .string()
    .regex(
      /^(?!\d{12}$)(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*$/,
      'an alias has 3 to 63 lower-case letters, digits and single hyphens, and is not 12 digits',
    )
    .optional()
    .meta({ description: 'Short unique name, usable wherever the id is.' }),
  email: z
    .string()
    .regex(/^[^\s@]{1,64}@[^\s@]{1,190}$/, 'must be an e-mail address')
    .optional()
    .meta({ description: 'Who answers for the account.' }),
  unit: text(512).optional().meta({ description: 'Path of its organisational unit. Default: the root.' }),
  tags: tags().optional().meta({ description: 'Tag keys and values.' }),
  color: color().optional().meta({ description: 'Colour in the portal, `"#rrggbb"`.' }),
})

/** The members that are one value; the lists are read entry by entry, so that one bad entry does not hide another. */
const members = {
  $schema: schemaHint(),
  id: z
    .string()
    .regex(/^o-[a-z0-9]{10,32}$/, 'an organisation id is `o-` and 10 to 32 lower-case letters or digits')
    .meta({ description: 'e.g. `o-a1b2c3d4e5`; value of `aws:PrincipalOrgID`.' }),
  name: text(128).meta({ description: 'What people call the organisation.' }),
  units: z
    .array(z.union([unitName(), unit]))
    .default([])
    .meta({ description: 'Organisational units: paths, or a tree of `name` and `units`.' }),
}

const rootMembers = {
  managementAccount: text(64)
    .optional()
    .meta({ description: 'Id or alias of the account that may take root sessions of the others.' }),
  rootSessions: fields({
    enabled: z
      .boolean()
      .default(false)
      .meta({ description: 'Answer AssumeRoot; needs `managementAccount`. AWS: off until switched on.' }),
    delegatedAdministrators: z
      .array(text(64))
      .default([])
      .meta({ description: 'Ids or aliases of accounts that may take them as well.' }),
  })
    .prefault({})
    .meta({ description: 'Root sessions of member accounts, each for one task.' }),
}

export const organizationFile = fields({
  ...members,
  accounts: z.array(accountEntry).meta({ description: 'The accounts.' }),
  ...rootMembers,
})

export const organizationOutline = fields({ ...members, accounts: z.array(z.unknown()), ...rootMembers })

export type OrganizationOutline = z.output<typeof organizationOutline>
