/**
 * The Resource and NotResource elements. `*` alone covers everything, requests without a resource included; every
 * other entry is an ARN pattern, with variables after the fifth colon only. A variable without a value makes its
 * entry match nothing, so a NotResource entry then excludes nothing.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
import {
  canRunOn,
  compileResourcePattern,
  hasEarlyVariable,
  isShortPattern,
  matchesResource,
  type ResourcePattern,
} from './arn-pattern.js'
import type { RequestContext } from './context.js'
import type { Language } from './operator.js'
import { type Cursor, quoted, type Reader } from './reader.js'
import { parseTemplate } from './template.js'

export interface ResourceElement {
  /** False for NotResource. */
  readonly includes: boolean
  readonly everything: boolean
  readonly patterns: readonly ResourcePattern[]
  /** As written. */
  readonly written: readonly string[]
}

/** An empty element makes its statement match nothing, NotResource included. */
export function matchesResources(
  element: ResourceElement,
  resource: string,
  context: RequestContext,
): boolean {
  if (element.written.length === 0) return false
  return lists(element, resource, context) === element.includes
}

function lists(
  { everything, patterns }: ResourceElement,
  resource: string,
  context: RequestContext,
): boolean {
  if (everything) return true
  for (const pattern of patterns) if (matchesResource(pattern, resource, context)) return true
  return false
}

/**
 * Texts with one of which whatever the element covers has to begin; undefined when it may begin with anything.
 */
export function literalHeads(element: ResourceElement): readonly string[] | undefined {
  if (!element.includes || element.everything) return undefined
  return element.written.map((text) => text.slice(0, text.search(/[*?$]|$/)))
}

export function compileResources(
  cursor: Cursor,
  includes: boolean,
  language: Language,
  reader: Reader,
): ResourceElement {
  const patterns: ResourcePattern[] = []
  const written: string[] = []
  let everything = false
  for (const entry of reader.oneOrMore(cursor)) {
    const text = reader.text(entry)
    if (text === undefined) continue
    written.push(text)
    if (text === '*') everything = true
    else {
      const pattern = compilePattern(text, entry, language, reader)
      if (pattern !== undefined) patterns.push(pattern)
    }
  }
  return { includes, everything, patterns: patterns.slice(), written: written.slice() }
}

function compilePattern(
  text: string,
  cursor: Cursor,
  language: Language,
  reader: Reader,
): ResourcePattern | undefined {
  if (!text.startsWith('arn:')) {
    reader.report('INVALID_ARN_PREFIX', cursor, `${quoted(text)} is neither \`*\` nor an ARN`)
    return undefined
  }
  const template = parseTemplate(text, { wildcards: true, variables: language.variables })
  if (!template.ok) {
    reader.report(template.code, cursor, template.message)
    return undefined
  }
  if (hasEarlyVariable(template.pieces)) {
    reader.report(
      'VARIABLE_UNSUPPORTED_IN_ELEMENT',
      cursor,
      'policy variables may stand only after the fifth colon of an ARN',
    )
    return undefined
  }
  if (isShortPattern(template.pieces) && !canRunOn(template.pieces)) {
    reader.report('MISSING_ARN_FIELD', cursor, `${quoted(text)} has fewer than the six parts of an ARN`)
    return undefined
  }
  return compileResourcePattern(template.pieces)
}
