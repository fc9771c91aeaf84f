/**
 * Random bytes for names and nonces, drawn for many at a time: a call to the generator costs as much as an HMAC. Not
 * for keys, since what was drawn lies in memory before it is used.
 *
 * Every byte is handed out once. Node processes do not fork without starting anew, so none shares what was drawn; and
 * a machine that is resumed twice from one snapshot has, beside the generator's own state, no more than a second's.
 */
import type { RandomBytes } from '../fault.js'

const keptMs = 1000

/** @param ahead bytes; a call for more than that goes to the generator by itself. */
export function drawAhead(random: RandomBytes, ahead = 2048): RandomBytes {
  let drawn: Buffer = Buffer.alloc(0)
  let used = 0
  let timer: NodeJS.Timeout | undefined
  const drop = (): void => {
    used = drawn.length
  }
  return (size) => {
    if (size > ahead) return random(size)
    if (size > drawn.length - used) {
      drawn = random(ahead)
      used = 0
      timer = timer?.refresh() ?? setTimeout(drop, keptMs).unref()
    }
    used += size
    return drawn.subarray(used - size, used)
  }
}
