/** An identity written down for simulations: what a provider would say about somebody, without asking a provider. */
import * as z from 'zod'
import { maxFileBytes } from './before-parsing.js'
import type { ConfigProblem } from './config.js'
import { createFindings } from './place.js'
import { readText } from './reading.js'
import { readAs } from './schema/problems.js'
import { fields, tags, text } from './schema/value.js'
import { parseSource } from './source-document.js'

const value = () =>
  z.union([z.string(), z.array(z.string())], { error: 'must be text, or a list of texts: quote numbers' })

const identity = fields({
  /** A provider's name. */
  provider: text(64),
  /** Needed where the configuration has no such provider, or has it switched off. */
  kind: z.enum(['ldap', 'saml', 'oidc', 'local']).optional(),
  issuer: text(2048).optional(),
  username: text(256),
  /** Default: the username. */
  subject: text(1024).optional(),
  audience: text(2048).optional(),
  email: text(256).optional(),
  groups: z.array(z.string()).default([]),
  /** Condition keys without the provider's prefix. */
  attributes: z.record(z.string().min(1), value()).default({}),
  /** Condition keys in full; they have the last word. */
  conditionKeys: z
    .record(
      z
        .string()
        .regex(/^[^:]+:./s, 'a condition key has a prefix and a colon')
        .regex(/^(?!aws:|sts:|iam:)/i, 'no provider speaks for `aws:`, `sts:` and `iam:` keys'),
      value(),
    )
    .default({}),
  multiFactor: z.boolean().default(false),
  tags: tags().default({}),
  transitiveTagKeys: z.array(z.string()).default([]),
  sourceIdentity: text(64).optional(),
  roleSessionName: text(64).optional(),
  /** ARNs of roles, where the provider lists them itself. */
  roles: z.array(text(2048)).optional(),
  sourceIp: z.union([z.ipv4(), z.ipv6()]).default('127.0.0.1'),
  userAgent: text(256).default('rolegate simulate'),
  secureTransport: z.boolean().default(true),
  /** When it is asked; default now. */
  time: z.iso.datetime({ error: 'must be a time such as "2026-01-31T12:00:00Z"' }).optional(),
})

export type IdentityFile = z.output<typeof identity>

export type ReadIdentity =
  | { readonly ok: true; readonly identity: IdentityFile }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }

/** @param file JSON when its name says so, otherwise YAML. */
export async function readIdentityFile(file: string): Promise<ReadIdentity> {
  const findings = createFindings()
  const read = await readText(file, maxFileBytes)
  if (!read.ok) findings.add({ file, path: '', message: read.reason })
  const source = read.ok ? parseSource(file, read.text, findings) : undefined
  const found = source && readAs(identity, source.value, { source, path: [] }, findings)
  return found === undefined || findings.problemCount() > 0
    ? { ok: false, problems: findings.problems }
    : { ok: true, identity: found }
}
