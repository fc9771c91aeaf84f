import { compilePolicy, type PolicyDocument, type PolicyKind } from '../../src/policy/document.js'
import { createConfigDirectory } from '../../src/role/config-directory.js'
import type { Account, Role, RoleDirectory } from '../../src/role/role.js'

/** Compiles or fails the test with the problems. */
export function policyOf(source: unknown, kind: PolicyKind, name = 'test policy'): PolicyDocument {
  const compiled = compilePolicy(source, kind, name)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.policy
}

/** Allows SAML sign-ins by the provider `corp` of the role's own account, on a condition. */
export function trustsCorp(
  account: string,
  condition?: unknown,
  actions: readonly string[] = ['sts:AssumeRoleWithSAML'],
) {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${account}:saml-provider/corp` },
        Action: actions,
        ...(condition === undefined ? {} : { Condition: condition }),
      },
    ],
  }
}

export interface RoleSketch {
  readonly name: string
  readonly account?: string
  readonly path?: string
  readonly trust: unknown
  readonly permissions?: readonly unknown[]
  readonly maxSessionSeconds?: number
  readonly tags?: ReadonlyMap<string, string>
}

export const homeAccount = '111122223333'

export function roleOf(sketch: RoleSketch): Role {
  const account = sketch.account ?? homeAccount
  const path = sketch.path ?? '/'
  const arn = `arn:aws:iam::${account}:role${path}${sketch.name}`
  return {
    arn,
    id: `AROA${sketch.name
      .toUpperCase()
      .replace(/[^A-Z]/g, '')
      .padEnd(17, 'A')
      .slice(0, 17)}`,
    account,
    name: sketch.name,
    path,
    trustPolicy: policyOf(sketch.trust, 'trust', `trust policy of ${arn}`),
    permissions: (sketch.permissions ?? []).map((source) => policyOf(source, 'identity')),
    maxSessionSeconds: sketch.maxSessionSeconds ?? 43_200,
    tags: sketch.tags ?? new Map(),
  }
}

export function directoryOf(sketches: readonly RoleSketch[]): RoleDirectory {
  const roles = sketches.map(roleOf)
  const ids = [...new Set([homeAccount, ...roles.map((role) => role.account)])]
  const accounts = ids.map((id): Account => ({
    id,
    name: `account ${id}`,
    unit: 'Workloads',
    tags: new Map(),
  }))
  const organization = { id: 'o-a1b2c3d4e5', name: 'Test', accounts }
  return { ...createConfigDirectory({ organization, roles, providers: [] }), vouchesFor: () => true }
}
