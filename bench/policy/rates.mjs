/** Rates by the processor time of this process, which other processes of the machine disturb least. */

export function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]
}

/** Seconds of processor time so far. */
export function cpuSeconds() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/**
 * Calls per second of each candidate, in rounds in which they take turns.
 * @param candidates name → a function that does one call; it gets a counter that goes up.
 */
export function ratesOf(candidates, { rounds = 5, seconds = 0.3 } = {}) {
  const names = Object.keys(candidates)
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (const name of names) rateOf(candidates[name], seconds)
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) results[name].push(rateOf(candidates[name], seconds))
  }
  return Object.fromEntries(names.map((name) => [name, median(results[name])]))
}

function rateOf(call, seconds) {
  const from = cpuSeconds()
  let calls = 0
  let spent = 0
  // Looking at the clock takes as long as a decision, so it is looked at once for many.
  for (let batch = 16; spent < seconds; spent = cpuSeconds() - from) {
    for (let i = 0; i < batch; i += 1) call(calls + i)
    calls += batch
    if (spent < seconds / 20) batch *= 2
  }
  return calls / spent
}

/** What is reachable; needs `--expose-gc`. */
export function heapBytes() {
  globalThis.gc()
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

export function print(line = '') {
  process.stdout.write(`${line}\n`)
}

export function row(title, ...cells) {
  return title.padEnd(40) + cells.map((cell) => String(cell).padStart(14)).join('')
}

export function grouped(number) {
  return Math.round(number).toLocaleString('en-US')
}
