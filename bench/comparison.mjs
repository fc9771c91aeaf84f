/** The two hot calls beside servers that do nothing, one loaded at a time, in rounds whose order changes. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processorMicroseconds, run } from './processes.mjs'
import { median, print, row, verdict } from './table.mjs'

const loader = fileURLToPath(new URL('load.mjs', import.meta.url))
const titles = [
  ['express', '  Express 5 route'],
  ['bare', '  bare node:http'],
]
const slowestP99 = 3

/**
 * @param turns each with `subject` (name, requests) and `target` (server, port, child); gets `results`.
 */
export async function compare(turns, { folder, connections, rounds, seconds }) {
  const loaded = (turn, duration) => load(turn, { folder, connections, seconds: duration })
  for (const turn of turns) await loaded(turn, 1)
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`round ${round + 1} of ${rounds}\n`)
    for (const [index] of turns.entries()) {
      const turn = turns[(index + round) % turns.length]
      turn.results = [...(turn.results ?? []), await loaded(turn, seconds)]
    }
  }
}

/** One load on one server. @param everyCore the load is not pinned. */
export async function load({ subject, target }, { folder, connections, seconds, everyCore = false }) {
  const file = join(folder, 'load.json')
  const { requests, pipelining } = subject
  const url = `http://127.0.0.1:${target.port}`
  await writeFile(file, JSON.stringify({ url, connections, seconds, requests, pipelining }))
  const before = processorMicroseconds(target.child)
  const result = JSON.parse(await run([loader, file], { everyCore }))
  const after = processorMicroseconds(target.child)
  if (result.failed > 0)
    throw new Error(`${subject.name} at ${target.server}: ${result.failed} requests failed`)
  return { ...result, processor: before === undefined ? NaN : (after - before) / result.answered }
}

/** @param goals by subject: the least part of bare node:http's requests per second. */
export function reportComparison(turns, goals) {
  // Elapsed time is shared with whatever else the machine does; the processor time of a server is its own.
  print(row('', 'requests/s', 'of bare http', 'of Express', 'p50 ms', 'p99 ms', 'p99 ratio', 'processor µs'))
  const verdicts = []
  for (const name of new Set(turns.map(({ subject }) => subject.name))) {
    const middle = (server, field) =>
      median(
        turns
          .find(({ subject, target }) => subject.name === name && target.server === server)
          .results.map((result) => result[field]),
      )
    const ratio = (server, field, other = 'bare') => middle(server, field) / middle(other, field)
    for (const [server, title] of [['rolegate', name], ...titles]) {
      print(
        row(
          title,
          middle(server, 'perSecond').toFixed(0),
          ratio(server, 'perSecond').toFixed(2),
          ratio(server, 'perSecond', 'express').toFixed(2),
          middle(server, 'p50').toFixed(1),
          middle(server, 'p99').toFixed(1),
          ratio(server, 'p99').toFixed(1),
          middle(server, 'processor').toFixed(0),
        ),
      )
    }
    const work = ratio('bare', 'processor', 'rolegate')
    verdicts.push(
      verdict(`${name}, requests/s of bare node:http`, ratio('rolegate', 'perSecond'), goals[name]),
      `        ${name}, by processor time: ${work.toFixed(2)} of bare node:http's requests`,
      verdict(`${name}, p99 in that of bare node:http`, ratio('rolegate', 'p99'), slowestP99, false),
    )
  }
  print()
  for (const line of verdicts) print(line)
}
