/**
 * The documents of one layer as one: statements are found by action in one look-up, however many documents there
 * are, so a decision costs what the statements cost that can match and not what all of them would. Lists of documents
 * that judge again and again are merged by themselves; nobody has to prepare anything.
 */
import { type ActionIndex, indexByAction } from './action-index.js'
import type { PolicyDocument } from './document.js'
import type { Statement } from './statement.js'

/** A document, or several as one. */
export interface Indexed {
  readonly allows: ActionIndex<Statement>
  readonly denies: ActionIndex<Statement>
}

interface Remembered {
  /** What the list held then: documents never change, but a list may. */
  readonly held: readonly PolicyDocument[]
  sightings: number
  merged: readonly Indexed[] | undefined
}

const fewDocuments = 2

/** Merging costs about as much as this many look-ups without it. */
const sightingsUntilMerged = 8

const remembered = new WeakMap<readonly PolicyDocument[], Remembered>()

/** The documents themselves where trying each is as quick, or the list has not judged often enough yet. */
export function mergedLayer(documents: readonly PolicyDocument[]): readonly Indexed[] {
  if (documents.length <= fewDocuments) return documents
  const known = remembered.get(documents)
  if (known === undefined || !(Object.isFrozen(documents) || areSame(known.held, documents))) {
    remembered.set(documents, { held: [...documents], sightings: 1, merged: undefined })
    return documents
  }
  if (known.merged === undefined && ++known.sightings > sightingsUntilMerged) {
    known.merged = [{ allows: merge(known.held, 'allows'), denies: merge(known.held, 'denies') }]
  }
  return known.merged ?? documents
}

function areSame(one: readonly PolicyDocument[], other: readonly PolicyDocument[]): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false
  return true
}

function merge(documents: readonly PolicyDocument[], effect: keyof Indexed): ActionIndex<Statement> {
  return indexByAction(documents.flatMap((document) => document[effect].entries))
}
