/**
 * Numbers filed under the literal text with which something has to begin, and all those found under the beginnings
 * of one text: a look-up for each length of prefix there is, not one for each prefix.
 */
export interface PrefixTable {
  readonly byLength: ReadonlyMap<number, ReadonlyMap<string, readonly number[]>>
}

/** Longer prefixes are cut, which finds more and never less, and keeps the number of lengths small. */
export const longestPrefix = 64

export function prefixTable(prefixes: Iterable<readonly [prefix: string, number]>): PrefixTable {
  const byLength = new Map<number, Map<string, number[]>>()
  for (const [prefix, number] of prefixes) {
    const text = prefix.slice(0, longestPrefix)
    let table = byLength.get(text.length)
    if (table === undefined) byLength.set(text.length, (table = new Map()))
    const numbers = table.get(text)
    if (numbers === undefined) table.set(text, [number])
    else if (numbers[numbers.length - 1] !== number) numbers.push(number)
  }
  return { byLength }
}

/** Calls `visit` with what is filed under each prefix of the text, the text itself included. */
export function visitPrefixes(
  { byLength }: PrefixTable,
  text: string,
  visit: (numbers: readonly number[]) => void,
): void {
  for (const [length, table] of byLength) {
    if (length > text.length) continue
    const numbers = table.get(length === text.length ? text : text.slice(0, length))
    if (numbers !== undefined) visit(numbers)
  }
}
