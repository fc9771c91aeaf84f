/** Files that only their owner may read, written whole or not at all, and a lock between processes. */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'

const staleLockMs = 30_000

/** @returns undefined when there is no such file. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined
    throw cause
  }
}

/** Replaces the file in one step, mode 0600, in a folder of mode 0700. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${randomUUID()}`
  const handle = await open(temporary, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, path)
}

export async function removePrivateFile(path: string): Promise<void> {
  await rm(path, { force: true })
}

/** A file that cannot be read as what it should be is moved out of the way, not fatal and not lost. */
export async function setAside(path: string): Promise<void> {
  await rename(path, `${path}.corrupt`).catch((cause: unknown) => {
    if (!isCode(cause, 'ENOENT')) throw cause
  })
}

/** Runs `work` while no other process holds the lock of `path`; a lock left by a dead process is taken over. */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  for (;;) {
    try {
      const handle = await open(lock, 'wx', 0o600)
      await handle.close()
      break
    } catch (cause) {
      if (!isCode(cause, 'EEXIST')) throw cause
      const held = await stat(lock).catch(() => undefined)
      if (held !== undefined && Date.now() - held.mtimeMs > staleLockMs) await rm(lock, { force: true })
      else await new Promise((resolve) => setTimeout(resolve, 25))
    }
  }
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

function isCode(cause: unknown, code: string): boolean {
  return (cause as NodeJS.ErrnoException | undefined)?.code === code
}
