/**
 * Is there no way to certain actions, to certain resources, or to their combination, through a document?
 */
import { compilePolicy, type PolicyDocument } from '../document.js'
import { awsLimits } from '../kind.js'
import { named } from '../principal-element.js'
import { type Box, boxesOf } from './box.js'
import { callerClasses } from './caller.js'
import { findExposure } from './exposure.js'
import { allowsOf, deniesOf, rankOf } from './no-new-access.js'
import { createRegionSearch } from './region-search.js'
import { defaultWork } from './text-search.js'
import { type Reason, reasonOf, type Verdict, verdictOf } from './verdict.js'

/** Actions and resources as policies write them, wildcards included; `${…}` is plain text. Whichever is absent: any. */
export interface Access {
  readonly actions?: readonly string[]
  readonly resources?: readonly string[]
}

/**
 * PASS only if the document lets no request through whose action is one of an entry's actions and whose resource is
 * one of its resources. An entry without either asks for any access at all; an entry that cannot be read is a FAIL.
 * Never throws.
 */
export function checkAccessNotGranted(
  document: PolicyDocument,
  access: readonly Access[],
  work: number = defaultWork,
): Verdict {
  const callers = callerClasses([document])
  const search = createRegionSearch({ left: work })
  const denies = boxesOf(document, 'Deny')
  const reasons: Reason[] = []
  for (const [i, entry] of access.entries()) {
    const wanted = boxOfAccess(entry)
    if (typeof wanted === 'string') {
      reasons.push({ description: `the access asked about (entry ${i}) cannot be read: ${wanted}` })
      continue
    }
    for (const allow of allowsOf(document)) {
      const found =
        callers === undefined
          ? { witness: undefined }
          : firstExposure(callers, (caller) => {
              if (rankOf(caller, allow) === named.notAtAll) return undefined
              const without = deniesOf(allow, caller, denies)
              const claim = { allowing: document, refusing: undefined }
              return findExposure({ allow, within: wanted, without, caller, claim }, search)
            })
      if (found !== undefined) {
        reasons.push(reasonOf(document, allow.statement, found.witness, 'may grant the access'))
      }
    }
  }
  return verdictOf(reasons, 'the document may grant the access', 'the document does not grant the access')
}

/** The first confirmed one, else the first. */
export function firstExposure<C, E extends { readonly witness: { readonly exact: boolean } | undefined }>(
  callers: readonly C[],
  find: (caller: C) => E | undefined,
): E | undefined {
  let unconfirmed: E | undefined
  for (const caller of callers) {
    const found = find(caller)
    if (found?.witness?.exact) return found
    unconfirmed ??= found
  }
  return unconfirmed
}

/** No box at all: any access; a text: why it cannot be read. */
function boxOfAccess({ actions, resources }: Access): readonly Box[] | string {
  if (actions === undefined && resources === undefined) return []
  const source = {
    Statement: { Effect: 'Allow', Action: actions ?? '*', Resource: resources ?? '*' },
  }
  const compiled = compilePolicy(source, 'identity', 'access', { ...awsLimits, identity: 1_000_000 })
  if (!compiled.ok) return compiled.problems.map(({ message }) => message).join('; ')
  const boxes = boxesOf(compiled.policy, 'Allow')
  return boxes.length === 0 ? 'it lists no action or no resource' : boxes
}
