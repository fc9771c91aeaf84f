/**
 * Session policies, inline and by ARN: what may be passed, and the layer that they become when the session asks for
 * something. They narrow; none of them can grant what the role or user does not have.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
 */
import { Fault } from '../fault.js'
import { compilePolicy, type PolicyDocument } from '../policy/document.js'
import type { ManagedPolicyDirectory } from './managed-policy.js'
import type { SessionPolicies } from './session.js'

const documentName = 'session policy'
/** @throws {Fault} `MalformedPolicyDocument`, with the place of the first mistake. */
export function assertInlinePolicies(texts: readonly string[]): void {
  for (const text of texts) {
    const compiled = compilePolicy(text, 'session', documentName)
    if (compiled.ok) continue
    const [first] = compiled.problems
    const detail = first === undefined ? '' : ` ${first.path}: ${first.message}`
    throw new Fault(
      'MalformedPolicyDocument',
      first?.code === 'JSON_SYNTAX_ERROR'
        ? `The policy is not in the valid JSON format.${detail}`
        : `Syntax errors in policy.${detail}`,
      { reason: 'sts:policy' },
    )
  }
}

/**
 * A policy of another account is answered as one that nobody declared. Asked only after the caller was authorised: who
 * may not have the role does not learn which policies its account has.
 * @param account of the role, or of the user who federates.
 * @throws {Fault} `InvalidRequest`.
 */
export function assertManagedPolicies(
  arns: readonly string[],
  account: string,
  directory: ManagedPolicyDirectory,
): void {
  for (const arn of arns) {
    const policy = directory.managedPolicy(arn)
    if (policy === undefined || (policy.account !== undefined && policy.account !== account))
      throw new Fault('InvalidRequest', `The managed policy \`${arn}\` does not exist.`, {
        reason: 'sts:policy-arn',
      })
  }
}

interface Layer {
  readonly directory: ManagedPolicyDirectory
  readonly documents: readonly PolicyDocument[]
}

/** A session that signs many requests is one object for all of them, and so is a directory until the next reload. */
const layers = new WeakMap<SessionPolicies, Layer>()

/**
 * What narrows this session; undefined when nothing does.
 *
 * Should an inline policy no longer compile (the language became stricter in between), or a managed one be gone, the
 * whole layer is empty, which allows nothing: dropping the one alone could drop its Deny.
 */
export function sessionLayer(
  session: SessionPolicies,
  directory: ManagedPolicyDirectory,
): readonly PolicyDocument[] | undefined {
  if (session.sessionPolicies === undefined && session.policyArns === undefined) return undefined
  const known = layers.get(session)
  if (known?.directory === directory) return known.documents
  const documents = documentsOf(session, directory)
  layers.set(session, { directory, documents })
  return documents
}

function documentsOf(
  { sessionPolicies, policyArns }: SessionPolicies,
  directory: ManagedPolicyDirectory,
): readonly PolicyDocument[] {
  const documents: PolicyDocument[] = []
  for (const text of sessionPolicies ?? []) {
    const compiled = compilePolicy(text, 'session', documentName)
    if (!compiled.ok) return []
    documents.push(compiled.policy)
  }
  for (const arn of policyArns ?? []) {
    const managed = directory.managedPolicy(arn)
    if (managed === undefined) return []
    documents.push(managed.asSessionPolicy)
  }
  return documents
}
