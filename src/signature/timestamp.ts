/** The instants of Signature Version 4: ISO 8601's basic format, and what the Date header may say in place of it. */

/** `20260102T030405Z`; undefined for anything else, the 30th of February included. */
export function parseBasicTime(text: string): Date | undefined {
  if (!/^\d{8}T\d{6}Z$/.test(text)) return undefined
  const [year, month, day] = [numberAt(text, 0, 4), numberAt(text, 4, 6), numberAt(text, 6, 8)]
  const [hour, minute, second] = [numberAt(text, 9, 11), numberAt(text, 11, 13), numberAt(text, 13, 15)]
  return instantOf(year, month, day, hour, minute, second)
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const httpDate =
  /^(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC|[+-]0000)$/

/** A Date header: `Fri, 02 Jan 2026 03:04:05 GMT`, with `-0000` as botocore writes it, or the basic format. */
export function parseDateHeader(text: string): Date | undefined {
  const match = httpDate.exec(text)
  if (match === null) return parseBasicTime(text)
  const [, day, monthName = '', year, hour, minute, second] = match
  return instantOf(
    Number(year),
    months.indexOf(monthName) + 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  )
}

export function basicTime(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

function numberAt(text: string, start: number, end: number): number {
  let value = 0
  for (let index = start; index < end; index += 1) value = value * 10 + text.charCodeAt(index) - 48
  return value
}

/** @returns undefined for a field out of its range: a Date would carry it over into the next one. */
function instantOf(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): Date | undefined {
  if (hour > 23 || minute > 59 || second > 59 || year < 1000) return undefined
  const instant = new Date(Date.UTC(year, month - 1, day, hour, minute, second))
  return instant.getUTCMonth() === month - 1 && instant.getUTCDate() === day ? instant : undefined
}
