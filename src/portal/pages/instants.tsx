/** Times and durations. The server writes UTC; the script turns them into the person's own zone and counts down. */

export function Instant({ at }: { readonly at: Date }) {
  const iso = `${at.toISOString().slice(0, 19)}Z`
  return (
    <time dateTime={iso} title={iso} data-local>
      {`${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`}
    </time>
  )
}

/** Without script it says when, with script how long until then. */
export function Countdown({ to, suffix = '' }: { readonly to: Date; readonly suffix?: string }) {
  const iso = `${to.toISOString().slice(0, 19)}Z`
  return (
    <time dateTime={iso} title={iso} data-countdown={suffix}>
      {`until ${iso.slice(11, 16)} UTC`}
    </time>
  )
}

/** `5400` → `1 hour 30 minutes`. */
export function duration(seconds: number): string {
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  const parts = [count(hours, 'hour'), count(minutes, 'minute')].filter((part) => part !== '')
  return parts.length === 0 ? count(seconds, 'second') : parts.join(' ')
}

function count(amount: number, unit: string): string {
  return amount === 0 ? '' : `${String(amount)} ${unit}${amount === 1 ? '' : 's'}`
}
