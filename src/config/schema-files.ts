/**
 * The JSON Schema of every file kind, made from the same zod schemas that read the files. `config/schema/` holds them
 * for editors; run as a program (`node dist/config/schema-files.js [DIR]`) this file writes them there.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as z from 'zod'
import type { FileKind } from './config-folder.js'
import { organizationFile } from './schema/organization.js'
import { policiesFile } from './schema/policies.js'
import { providersFile } from './schema/providers.js'
import { rolesFile } from './schema/roles.js'
import { serverFile } from './schema/server.js'
import { usersFile } from './schema/users.js'

const schemas: readonly { readonly kind: FileKind; readonly title: string; readonly schema: z.ZodType }[] = [
  { kind: 'rolegate', title: 'Rolegate: the server (rolegate.yaml)', schema: serverFile },
  {
    kind: 'organization',
    title: 'Rolegate: accounts and units (organization.yaml)',
    schema: organizationFile,
  },
  { kind: 'roles', title: 'Rolegate: roles (roles.yaml, roles/*.yaml)', schema: rolesFile },
  { kind: 'users', title: 'Rolegate: users (users.yaml, users/*.yaml)', schema: usersFile },
  {
    kind: 'policies',
    title: 'Rolegate: managed policies (policies.yaml, policies/*.yaml)',
    schema: policiesFile,
  },
  {
    kind: 'providers',
    title: 'Rolegate: identity providers (providers.yaml, providers/*.yaml)',
    schema: providersFile,
  },
]

/** File name → document; draft 2020-12, describing what people write, before defaults are filled in. */
export function schemaDocuments(): ReadonlyMap<string, object> {
  return new Map(
    schemas.map(({ kind, title, schema }) => {
      const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input' })
      return [`${kind}.schema.json`, { $schema, title, ...rest }]
    }),
  )
}

/** As committed. */
const schemaText = (document: object): string => `${JSON.stringify(document, undefined, 2)}\n`

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const directory = process.argv[2] ?? join('config', 'schema')
  mkdirSync(directory, { recursive: true })
  for (const [name, document] of schemaDocuments()) writeFileSync(join(directory, name), schemaText(document))
}
