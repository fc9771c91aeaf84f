import { compilePolicy, type PolicyDocument, type PolicyKind } from '../../src/policy/document.js'
import { createConfigDirectory } from '../../src/role/config-directory.js'
import type { ManagedPolicy } from '../../src/role/managed-policy.js'
import type { Account, Role, RoleDirectory } from '../../src/role/role.js'
import type { User } from '../../src/user/user.js'

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

export interface UserSketch {
  readonly name: string
  readonly account?: string
  readonly path?: string
  readonly permissions?: readonly unknown[]
  readonly boundary?: unknown
  readonly tags?: ReadonlyMap<string, string>
}

export function userOf(sketch: UserSketch): User {
  const { name, account = homeAccount, path = '/' } = sketch
  const letters = name.toUpperCase().replace(/[^A-Z]/g, '')
  return {
    arn: `arn:aws:iam::${account}:user${path}${name}`,
    id: `AIDA${letters.padEnd(17, 'A').slice(0, 17)}`,
    account,
    name,
    path,
    permissions: (sketch.permissions ?? []).map((source) => policyOf(source, 'identity')),
    ...(sketch.boundary === undefined ? {} : { boundary: policyOf(sketch.boundary, 'boundary') }),
    tags: sketch.tags ?? new Map(),
  }
}

/** @param arn of an account, or with `aws` in its place. */
export function managedPolicyOf(arn: string, source: unknown): ManagedPolicy {
  const account = arn.split(':')[4] ?? ''
  return {
    arn,
    ...(account === 'aws' ? {} : { account }),
    document: policyOf(source, 'identity', arn),
    asSessionPolicy: policyOf(source, 'session', arn),
  }
}

export function directoryOf(
  sketches: readonly RoleSketch[],
  others: {
    readonly users?: readonly User[]
    readonly managedPolicies?: readonly ManagedPolicy[]
    /** Accounts that have roles and are not in the organisation. */
    readonly outside?: readonly string[]
  } = {},
): RoleDirectory {
  const roles = sketches.map(roleOf)
  const { users = [], managedPolicies = [], outside = [] } = others
  const ids = [...new Set([homeAccount, ...roles.map((role) => role.account)])].filter(
    (id) => !outside.includes(id),
  )
  const accounts = ids.map((id): Account => ({
    id,
    name: `account ${id}`,
    unit: 'Workloads',
    tags: new Map(),
  }))
  const organization = { id: 'o-a1b2c3d4e5', name: 'Test', accounts }
  const directory = createConfigDirectory({ organization, roles, users, managedPolicies, providers: [] })
  return { ...directory, vouchesFor: () => true }
}
