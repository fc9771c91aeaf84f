/**
 * One rotation of a ring file at a time, among processes: a lock that only one of them can create. A process that was
 * killed leaves it behind, so a lock of a process that is gone, or older than any rotation takes, is taken over.
 *
 * The lock is a symbolic link to nothing, named after its holder: unlike a file it cannot be there and be empty.
 */
import { lstat, readlink, rename, rm, symlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { Clock, RandomBytes } from '../fault.js'
import { draftName, ringFileName } from './ring-file.js'

const staleMs = 60_000

/**
 * @param work is given what throws when the lock was lost in the meantime; asked right before the file changes.
 * @throws {Error} that an operator can act on, when another process holds the lock.
 */
export async function withRingLock<Result>(
  file: string,
  { now, random }: { readonly now: Clock; readonly random: RandomBytes },
  work: (stillOurs: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const lock = `${file}.lock`
  const mark = `${process.pid} ${hostname()} ${random(8).toString('hex')}`
  const busy = (): Error =>
    new Error(`${ringFileName(file)}: another rotation is under way (\`${lock}\`); try again when it is done`)
  if (
    !(await take(lock, mark)) &&
    !((await freed(lock, draftName(file, random), now)) && (await take(lock, mark)))
  )
    throw busy()
  const ours = async (): Promise<boolean> => (await holderOf(lock)) === mark
  try {
    return await work(async () => {
      if (!(await ours())) throw busy()
    })
  } finally {
    if (await ours()) await rm(lock, { force: true })
  }
}

async function take(lock: string, mark: string): Promise<boolean> {
  try {
    await symlink(mark, lock)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw cause
  }
}

/** @returns whether the way is free: the lock was a dead process's and is gone. */
async function freed(lock: string, aside: string, now: Clock): Promise<boolean> {
  const seen = await holderOf(lock)
  if (seen === undefined) return true
  if (!(await isStale(lock, seen, now))) return false
  try {
    await rename(lock, aside)
  } catch {
    return false
  }
  // Between looking and renaming somebody else may have done the same and have a lock of his own by now.
  const isThatOne = (await holderOf(aside)) === seen
  if (!isThatOne) await rename(aside, lock).catch(() => undefined)
  await rm(aside, { force: true })
  return isThatOne
}

async function isStale(lock: string, holder: string, now: Clock): Promise<boolean> {
  const held = await lstat(lock).catch(() => undefined)
  if (held === undefined || now().getTime() - held.mtimeMs > staleMs) return true
  const [pid, host] = holder.split(' ')
  return host === hostname() && /^\d+$/.test(pid ?? '') && !isRunning(Number(pid))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    // EPERM: it runs, as somebody else.
    return (cause as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function holderOf(lock: string): Promise<string | undefined> {
  return readlink(lock).catch(() => undefined)
}
