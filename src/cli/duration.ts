import { CommandError, exitCodes } from './terminal.js'

const units = { s: 1, m: 60, h: 3600 } as const

/** `3600`, `45m`, `1h`, `1h30m` → seconds, 900 to 129,600. */
export function parseDuration(text: string): number {
  const seconds = /^\d+$/.test(text) ? Number(text) : sum(text)
  if (seconds === undefined || seconds < 900 || seconds > 129_600) {
    throw new CommandError(
      exitCodes.usage,
      `\`${text}\` is not a duration from 15m to 36h: write seconds, or 45m, 1h, 1h30m`,
    )
  }
  return seconds
}

function sum(text: string): number | undefined {
  if (!/^(?:\d+[smh])+$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+)([smh])/g)) {
    total += Number(amount) * units[unit as keyof typeof units]
  }
  return total
}
