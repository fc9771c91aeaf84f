/** Fills into the rows of the tables what only a running issuer knows: `$issuer`, `$host`, `$now+300`, `$state`… */
export type Values = Readonly<Record<string, string>>

export function fillText(text: string, now: number, values: Values): string {
  const filled = text.replaceAll(/\$now([+-]\d+)?(?=[,}])/g, (_, more = '0') => String(now + Number(more)))
  return Object.entries(values).reduce((so, [name, value]) => so.replaceAll(`$${name}`, value), filled)
}

/** `$now…` alone becomes a number; `$text:now+1`, the same as text. */
export function fill(value: unknown, now: number, values: Values): unknown {
  if (typeof value === 'string') {
    const later = /^\$now([+-]\d+)$/.exec(value)?.[1]
    if (later !== undefined) return now + Number(later)
    if (value === '$now000') return now * 1000
    if (value === '$now.5') return now + 300.5
    const written = /^\$text:now\+(\d+)$/.exec(value)?.[1]
    return written === undefined ? fillText(value, now, values) : String(now + Number(written))
  }
  if (Array.isArray(value)) return value.map((each) => fill(each, now, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each, now, values)]))
}
