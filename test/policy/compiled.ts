/** Raw policies → compiled ones, for tests: a problem is a failure of the test's own data. */
import { compilePolicy, type PolicyDocument, type PolicyKind } from '../../src/policy/document.js'
import type { PolicyLayers } from '../../src/policy/evaluate.js'
import type { PolicyLimits } from '../../src/policy/kind.js'
import type { RawLayers, RawPolicy } from './reference.js'

export function compiled(
  source: unknown,
  kind: PolicyKind,
  name: string = kind,
  limits?: PolicyLimits,
): PolicyDocument {
  const result = compilePolicy(source, kind, name, limits)
  if (!result.ok) throw new Error(`${JSON.stringify(source)}: ${JSON.stringify(result.problems)}`)
  return result.policy
}

export function compiledLayers(raw: RawLayers): PolicyLayers {
  const all = (policies: readonly RawPolicy[], kind: PolicyKind) =>
    policies.map((policy, i) => compiled(policy, kind, `${kind} ${i}`))
  return {
    identity: all(raw.identity, 'identity'),
    ...(raw.resource && { resource: compiled(raw.resource, raw.resourceIsTrust ? 'trust' : 'resource') }),
    ...(raw.boundary && { boundary: compiled(raw.boundary, 'boundary') }),
    ...(raw.session && { session: all(raw.session, 'session') }),
    ...(raw.serviceControl && {
      serviceControl: raw.serviceControl.map((level) => all(level, 'service-control')),
    }),
    ...(raw.resourceControl && {
      resourceControl: raw.resourceControl.map((level) => all(level, 'resource-control')),
    }),
  }
}
