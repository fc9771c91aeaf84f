/**
 * What a document is worth depends on what else applies to the caller. A witness says under which circumstances the
 * document lets the request through, and with `layersFor` anybody can ask the evaluator again.
 */
import { compilePolicy, type PolicyDocument, type PolicyKind } from '../document.js'
import type { PolicyLayers } from '../evaluate.js'

export type Circumstance =
  /** Nothing else allows anything: no identity policy, and a session policy that allows nothing. */
  | 'unaided'
  /** No identity policy allows anything, and no session policy or boundary restricts. */
  | 'uncapped'
  /** Everything else allows everything, and the resource is another account's, so it is up to the document alone. */
  | 'supported'

/** Those that make a difference: only resource and trust policies can do without support. */
export function circumstancesFor(kind: PolicyKind): readonly Circumstance[] {
  return kind === 'resource' || kind === 'trust' ? ['unaided', 'uncapped', 'supported'] : ['supported']
}

/**
 * The layers for `evaluate` in which the document is the one in question.
 * @param bounded Whether the caller has a permissions boundary (one that allows everything).
 */
export function layersFor(
  document: PolicyDocument,
  circumstance: Circumstance,
  bounded: boolean,
): PolicyLayers {
  const all = allowEverything()
  const open: PolicyLayers = {
    identity: [all],
    session: [all],
    resource: allowEverybody(),
    ...(bounded && { boundary: all }),
  }
  switch (document.kind) {
    case 'identity':
      return { ...open, identity: [document] }
    case 'boundary':
      return { ...open, boundary: document }
    case 'session':
      return { ...open, session: [document] }
    case 'service-control':
      return { ...open, serviceControl: [[document]] }
    case 'resource-control':
      return { ...open, resourceControl: [[document]] }
    case 'resource':
    case 'trust':
      return {
        ...open,
        identity: circumstance === 'supported' ? [all] : [],
        session: circumstance === 'unaided' ? [] : [all],
        resource: document,
      }
  }
}

const allowEverything = compiledOnce({ Effect: 'Allow', Action: '*', Resource: '*' }, 'identity')
const allowEverybody = compiledOnce({ Effect: 'Allow', Principal: '*', Action: '*' }, 'resource')

function compiledOnce(statement: unknown, kind: PolicyKind): () => PolicyDocument {
  let document: PolicyDocument | undefined
  return () => {
    if (document === undefined) {
      const compiled = compilePolicy({ Statement: statement }, kind, 'everything')
      if (!compiled.ok) throw new Error('the policy that allows everything does not compile')
      document = compiled.policy
    }
    return document
  }
}
