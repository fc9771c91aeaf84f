/**
 * What a document is worth depends on what else applies to the caller. A witness says under which circumstances the
 * document lets the request through, and with `layersFor` anybody can ask the evaluator again.
 */
import { compilePolicy, type PolicyDocument } from '../document.js'
import type { PolicyLayers } from '../evaluate.js'

export type Circumstance =
  /** Nothing else allows anything: no identity policy, and a session policy that allows nothing. */
  | 'unaided'
  /** No identity policy allows anything, and no session policy or boundary restricts. */
  | 'uncapped'
  /** The caller's own policies allow everything, so it is all up to the document. */
  | 'supported'

export const circumstances: readonly Circumstance[] = ['unaided', 'uncapped', 'supported']

/**
 * The layers for `evaluate` in which the document is the one in question.
 * @param bounded Whether the caller has a permissions boundary (one that allows everything, where that matters).
 */
export function layersFor(
  document: PolicyDocument,
  circumstance: Circumstance,
  bounded: boolean,
): PolicyLayers {
  const all = allowEverything()
  switch (document.kind) {
    case 'identity':
      return { identity: [document], session: [all], ...(bounded && { boundary: all }) }
    case 'boundary':
      return { identity: [all], session: [all], boundary: document }
    case 'session':
      return { identity: [all], session: [document], ...(bounded && { boundary: all }) }
    case 'service-control':
      return {
        identity: [all],
        session: [all],
        serviceControl: [[document]],
        ...(bounded && { boundary: all }),
      }
    case 'resource-control':
      return {
        identity: [all],
        session: [all],
        resourceControl: [[document]],
        ...(bounded && { boundary: all }),
      }
    case 'resource':
    case 'trust':
      return {
        identity: circumstance === 'supported' ? [all] : [],
        session: circumstance === 'unaided' ? [] : [all],
        resource: document,
        ...(bounded && { boundary: all }),
      }
  }
}

let everything: PolicyDocument | undefined

function allowEverything(): PolicyDocument {
  if (everything === undefined) {
    const source = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
    const compiled = compilePolicy(source, 'identity', 'everything')
    if (!compiled.ok) throw new Error('the policy that allows everything does not compile')
    everything = compiled.policy
  }
  return everything
}
