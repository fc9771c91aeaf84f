/**
 * Can a stranger get in? A stranger is anybody who is not named and of whom the document's author knows nothing: no
 * caller at all, any caller of an account that no document mentions, or anybody with an account at an identity
 * provider that takes everybody.
 */
import type { PolicyDocument } from '../document.js'
import { named } from '../principal-element.js'
import { firstExposure } from './access-not-granted.js'
import { boxesOf } from './box.js'
import { type CallerClass, callerClasses } from './caller.js'
import type { Literal } from './clause.js'
import { findExposure } from './exposure.js'
import { deniesOf, rankOf } from './no-new-access.js'
import { createRegionSearch } from './region-search.js'
import { defaultWork } from './text-search.js'
import { insiderClauses, sharedProvider } from './trustworthy-key.js'
import { type Reason, reasonOf, type Verdict, verdictOf } from './verdict.js'

/**
 * PASS only if the document lets no stranger's request through. Conditions keep strangers out when they compare a key
 * that callers cannot choose (see trustworthy-key.ts) with fixed values; all other keys may have any value. Other
 * accounts, organizations and identity providers that are named are external, not public. Documents that name no
 * principal, such as identity policies, grant the public nothing. Never throws.
 */
export function checkNoPublicAccess(document: PolicyDocument, work: number = defaultWork): Verdict {
  const reasons: Reason[] = []
  if (document.kind === 'resource' || document.kind === 'trust') {
    const callers = callerClasses([document], (principal) => hostOf(principal) ?? '')
    const search = createRegionSearch({ left: work })
    const denies = boxesOf(document, 'Deny')
    const claim = { allowing: document, refusing: undefined }
    const strangers = callers
      ?.filter(isStranger)
      .map((caller) => ({ caller, literals: literalsFor(caller, document) }))
    for (const allow of boxesOf(document, 'Allow')) {
      const found =
        strangers === undefined
          ? { witness: undefined }
          : firstExposure(strangers, ({ caller, literals }) => {
              if (rankOf(caller, allow) === named.notAtAll) return undefined
              const without = deniesOf(allow, caller, denies)
              return findExposure({ allow, within: [], literals, without, caller, claim }, search)
            })
      if (found !== undefined)
        reasons.push(reasonOf(document, allow.statement, found.witness, 'admits strangers'))
    }
  }
  return verdictOf(reasons, 'the document may grant public access', 'the document grants no public access')
}

function isStranger({ stranger, principal }: CallerClass): boolean {
  return stranger || hostOf(principal) !== undefined
}

function hostOf(principal: CallerClass['principal']): string | undefined {
  return principal.type === 'federated' ? sharedProvider(principal.provider) : undefined
}

function literalsFor({ principal }: CallerClass, document: PolicyDocument): readonly Literal[] {
  return insiderClauses(document, hostOf(principal)).map((clause) => ({ clause, holds: false }))
}
