/** The concatenation of all text, so that nothing which splits a text node can shorten a name. */
import { DOMParser } from '@xmldom/xmldom'
import { namespaces } from './names.js'
import { refuse } from './refusal.js'

/**
 * XML text to a document, with the same parser that signature verification uses, so that what is judged and what is
 * verified cannot be two different trees; and the few questions the rest of the room asks of a tree. Whether the text
 * is well-formed is first asked of a second, stricter parser (`schema.ts`).
 */
export function parseXml(text: string): Element {
  const report = (message: string): never => refuse('saml:not-wellformed', message)
  const parser = new DOMParser({ errorHandler: { warning: report, error: report, fatalError: report } })
  const root: Element | null = parser.parseFromString(text, 'text/xml').documentElement
  return root ?? refuse('saml:not-wellformed', 'the message has no element')
}

export function elementsOf(parent: Element): readonly Element[] {
  return Array.from(parent.childNodes).filter((node): node is Element => node.nodeType === 1)
}

export function childrenNamed(parent: Element, namespace: string, localName: string): readonly Element[] {
  return elementsOf(parent).filter((element) => isNamed(element, namespace, localName))
}

export function isNamed(element: Element, namespace: string, localName: string): boolean {
  return element.namespaceURI === namespace && element.localName === localName
}

/** The element itself and everything below it, in document order. */
export function* descendants(element: Element): Generator<Element> {
  yield element
  for (const child of elementsOf(element)) yield* descendants(child)
}

/** Attributes without the namespace declarations. */
export function attributesOf(element: Element): readonly Attr[] {
  return Array.from(element.attributes).filter((attribute) => attribute.namespaceURI !== namespaces.xmlns)
}

/** undefined when absent, which an empty string is not. */
export function attribute(element: Element, name: string): string | undefined {
  return element.hasAttribute(name) ? (element.getAttribute(name) ?? '') : undefined
}

export function textOf(element: Element): string {
  return element.textContent ?? ''
}
