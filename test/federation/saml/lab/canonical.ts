/**
 * XML written in its canonical form (exclusive C14N) from the start, so that a digest is a hash over the very text and a
 * test can sign anything, however wrong, without a library that would refuse to write it.
 */
export type Attributes = Readonly<Record<string, string | null | undefined>>

/** Namespace declarations first, then attributes by name; null and undefined are left out. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter((entry): entry is [string, string] => entry[1] !== null && entry[1] !== undefined)
    .sort(([a], [b]) => (order(a) < order(b) ? -1 : 1))
    .map(([key, value]) => ` ${key}="${escapeAttribute(value)}"`)
  return `<${name}${written.join('')}>${children.join('')}</${name}>`
}

/** Canonical XML sorts by code point; namespace declarations go before everything, qualified names last. */
function order(name: string): string {
  const rank = name.startsWith('xmlns') ? '0' : name.includes(':') ? '2' : '1'
  return rank + name
}

export function text(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;')
}

function escapeAttribute(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#x9;')
    .replaceAll('\n', '&#xA;')
    .replaceAll('\r', '&#xD;')
}
