/**
 * Instants of the Date operators: the W3C profile of ISO 8601, or epoch seconds.
 * https://www.w3.org/TR/NOTE-datetime
 */
const profile =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2}))?)?)?$/

/**
 * Milliseconds since 1970 (fractions of one are kept), or undefined when the text is no instant.
 * Four digits alone are a year; any other run of digits is epoch seconds. A time needs its zone; leap seconds and
 * 24:00 are not read.
 */
export function parseInstant(text: string): number | undefined {
  const match = profile.exec(text)
  if (match === null) return parseEpoch(text)
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction, zone] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined
  const offset = zone === undefined || zone === 'Z' ? 0 : offsetMinutes(zone)
  if (offset === undefined) return undefined
  const seconds = Number(hour) * 3600 + (Number(minute) - offset) * 60 + Number(second)
  return date.getTime() + seconds * 1000 + (fraction === undefined ? 0 : Number(`0.${fraction}`) * 1000)
}

function offsetMinutes(zone: string): number | undefined {
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(4))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

function parseEpoch(text: string): number | undefined {
  return /^-?\d{1,15}(?:\.\d{1,9})?$/.test(text) ? Number(text) * 1000 : undefined
}
