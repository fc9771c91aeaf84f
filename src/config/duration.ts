/** Durations as people write them: `900` (seconds), `15m`, `1h30m`, `500ms`. */

/** Also the pattern of the JSON Schema. */
export const durationPattern = /^(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/

/** Milliseconds, or undefined when this is no duration. */
export function durationMs(written: number | string): number | undefined {
  if (typeof written === 'number') return written * 1000
  if (written === '' || !durationPattern.test(written)) return undefined
  let total = 0
  for (const [, amount, unit] of written.matchAll(/(\d+)(ms|[dhms])/g))
    total += Number(amount) * unitMs[unit!]!
  return total
}

const unitMs: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** `36h`, `15m`, `90s`: the shortest exact form, for messages. */
export function durationText(ms: number): string {
  for (const [unit, size] of Object.entries(unitMs)) {
    if (unit !== 'd' && ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}
