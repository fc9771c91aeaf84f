/** Lines of the report. */
export function print(line = '') {
  process.stdout.write(`${line}\n`)
}

export function row(title, ...cells) {
  return title.padEnd(30) + cells.map((cell) => String(cell).padStart(13)).join('')
}

export function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Whether a measured number keeps its promise, in words that nobody can overlook. */
export function verdict(name, value, target, atLeast = true) {
  const kept = atLeast ? value >= target : value <= target
  const sign = atLeast ? 'at least' : 'at most'
  return `${kept ? 'met   ' : 'MISSED'}  ${name}: ${value.toFixed(2)}, target ${sign} ${target.toFixed(2)}`
}
