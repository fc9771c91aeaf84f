/** How long a batch of the audit record takes on this disk, beside a bare write and sync of the same bytes. */
import { constants, fdatasync, openSync, rmSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createFileSink } from '../dist/audit/sink.js'
import { median, print } from './table.mjs'

const linesInBatch = 25
const batches = 150

export async function reportAuditBatches(folder, line) {
  const lines = `${line}\n`.repeat(linesInBatch)
  const bytes = Buffer.from(lines)
  const bareFile = join(folder, 'bare.jsonl')
  const sinkFile = join(folder, 'batches.jsonl')
  const descriptor = openSync(bareFile, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT)
  const sink = await createFileSink(sinkFile)
  const [writeTo, sync] = [promisify(write), promisify(fdatasync)]
  const bare = async () => {
    await writeTo(descriptor, bytes)
    await sync(descriptor)
  }
  const times = { here: [], bare: [] }
  for (let batch = 0; batch < batches; batch += 1) {
    // In turns: whoever comes second finds the file system's journal in another state.
    const turns = batch % 2 === 0 ? ['here', 'bare'] : ['bare', 'here']
    for (const turn of turns)
      times[turn].push(await milliseconds(turn === 'here' ? () => sink.append(lines) : bare))
  }
  await sink.close()
  for (const file of [bareFile, sinkFile]) rmSync(file)
  print(
    `  audit batch of ${linesInBatch} lines, written and synced: ${median(times.here).toFixed(2)} ms; ` +
      `write and fdatasync: ${median(times.bare).toFixed(2)} ms (median of ${batches}, elapsed)`,
  )
}

async function milliseconds(call) {
  const from = performance.now()
  await call()
  return performance.now() - from
}
