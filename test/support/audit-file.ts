import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuditLog } from '../../src/audit/audit-log.js'
import type { AuditEvent, AuditLog } from '../../src/audit/event.js'
import { keptLog, silentMetrics } from './silent-log.js'

/** The real audit log on a temporary file, and what stands in it. */
export interface AuditFile {
  readonly audit: AuditLog
  events(): Promise<readonly AuditEvent[]>
  text(): Promise<string>
  close(): Promise<void>
}

export async function auditFile(now: () => Date): Promise<AuditFile> {
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-audit-'))
  const file = join(folder, 'audit.jsonl')
  const audit = await createAuditLog({ file, stdout: false, now, log: keptLog(), metrics: silentMetrics })
  const text = () => readFile(file, 'utf8')
  return {
    audit,
    text,
    events: async () =>
      (await text())
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditEvent),
    async close() {
      await audit.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
