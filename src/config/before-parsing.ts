/** What is refused of a file before its parser sees it: too long, too deep, and JSON that is none. */

/** Generous for hand-written files, small enough that a reload is refused quickly. */
export const maxFileBytes = 2 * 1024 * 1024

/** @param file A name ending in `.json` must be strict JSON. */
export function refusedBeforeParsing(
  file: string,
  text: string,
): { readonly line?: number; readonly message: string } | undefined {
  if (text.length > maxFileBytes) return { message: `is longer than ${maxFileBytes} bytes` }
  // Measured: 100,000 nested `- ` on one line end the process inside the parser, past any catch.
  const deep = /^[ \t\-?:]{257}/m.exec(text)
  if (deep !== null) {
    return { line: lineAt(text, deep.index), message: 'is indented or nested too deeply' }
  }
  let open = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5b || c === 0x7b) open++
    else if ((c === 0x5d || c === 0x7d) && open > 0) open--
    if (open > 256) return { line: lineAt(text, i), message: 'is nested too deeply' }
  }
  if (file.endsWith('.json')) {
    try {
      JSON.parse(text)
    } catch (error) {
      const position = faultPosition(error)
      // What is missing at the end is missing after the last line that says anything.
      const said = text.trimEnd()
      const line = position === undefined ? brokenLine(said) : lineAt(said, position)
      return { line, message: 'is not valid JSON' }
    }
  }
  return undefined
}

function faultPosition(error: unknown): number | undefined {
  const position = /at position (\d+)/.exec(String(error))?.[1]
  return position === undefined ? undefined : Number(position)
}

/** For faults that the engine gives no position of: the first line that no continuation could make right. */
function brokenLine(text: string): number {
  const ends = [...text.matchAll(/\n|$/g)].map(({ index }) => index)
  let first = 0
  let last = ends.length - 1
  while (first < last) {
    const middle = Math.floor((first + last) / 2)
    if (isBeyondRepair(text.slice(0, ends[middle]))) last = middle
    else first = middle + 1
  }
  return first + 1
}

function isBeyondRepair(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return false
  } catch (error) {
    const position = faultPosition(error)
    if (position !== undefined) return position < beginning.trimEnd().length
    return !String(error).includes('Unexpected end')
  }
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length
