/**
 * Where audit lines end up: a file that outlives a power cut, or an open descriptor such as standard output.
 *
 * Both are written through the thread pool, never through a stream, so that a full pipe or a hanging disk cannot
 * stop the event loop.
 */
import { constants, write as writeTo } from 'node:fs'
import { mkdir, open, stat, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { endOfNextWrite } from '../operation/standard-stream.js'

const write = promisify(writeTo)

export interface Sink {
  /** For the log: `file` or `stdout`. */
  readonly name: string
  /** Resolves when the lines, even none, are as durable as this sink makes them. One call at a time. */
  append(lines: string): Promise<void>
  close(): Promise<void>
}

/** Appends to whatever the descriptor is; does not close it. */
export function createDescriptorSink(name: string, descriptor: number): Sink {
  const tail = { torn: false }
  return {
    name,
    append: (lines) => appendAll(descriptor, lines, tail, endOfNextWrite),
    close: async () => undefined,
  }
}

/**
 * How long lines may go on to a file that was moved away. They stand in it as durable as the ones before; looking in
 * front of every batch would double what a batch costs.
 */
const LOOK_EVERY_MS = 100

/** Where the write itself is the sync, a batch takes one turn of the thread pool. Elsewhere the sync has more to do. */
const writeIsSync = process.platform === 'linux'

/**
 * Opens the file anew when it was moved or removed, so log rotation needs no signal. Several processes may append:
 * every batch is one write at the end of the file. Whether the path still leads to the file is looked at before a
 * batch, unless that was done within `lookEveryMs`, and always when there are no lines to write.
 */
export async function createFileSink(path: string, { lookEveryMs = LOOK_EVERY_MS } = {}): Promise<Sink> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  let current: OpenFile | undefined = await openFile(path)
  let lookedAt = -Infinity
  const drop = async () => {
    const file = current
    current = undefined
    await file?.handle.close()
  }
  const look = async (): Promise<void> => {
    const startedAt = performance.now()
    if (current !== undefined && !(await isStillAt(path, current))) await drop()
    lookedAt = startedAt
  }
  return {
    name: 'file',
    append: async (lines) => {
      if (lines === '' || performance.now() - lookedAt >= lookEveryMs) await look()
      current ??= await openFile(path)
      try {
        // At once: the system puts one write to a file in one place, whoever else appends.
        await appendAll(current.handle.fd, lines, current.tail, ({ length }) => length)
        if (!writeIsSync) await makeDurable(current.handle)
      } catch (error) {
        // After a failed sync the kernel may call the lost pages clean; a fresh descriptor starts from what is there.
        await drop()
        throw error
      }
    },
    close: drop,
  }
}

interface OpenFile {
  readonly handle: FileHandle
  readonly inode: number
  readonly device: number
  readonly tail: Tail
}

interface Tail {
  /** The last line has no end: a write stopped in its middle. */
  torn: boolean
}

async function openFile(path: string): Promise<OpenFile> {
  // Not blocking: opening a named pipe that nobody reads would otherwise wait for ever.
  const flags =
    constants.O_RDWR |
    constants.O_APPEND |
    constants.O_CREAT |
    constants.O_NONBLOCK |
    (writeIsSync ? constants.O_DSYNC : 0)
  const handle = await open(path, flags, 0o600)
  try {
    const { ino, dev, size } = await handle.stat()
    const last = Buffer.alloc(1)
    if (size === 0) await syncFolder(dirname(path))
    else await handle.read(last, 0, 1, size - 1)
    return { handle, inode: ino, device: dev, tail: { torn: size > 0 && last.toString() !== '\n' } }
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function isStillAt(path: string, file: OpenFile): Promise<boolean> {
  try {
    const { ino, dev } = await stat(path)
    return ino === file.inode && dev === file.device
  } catch {
    return false
  }
}

const FULL_PIPE_PAUSE_MS = 10

async function appendAll(
  descriptor: number,
  lines: string,
  tail: Tail,
  endOfWrite: (bytes: Buffer, start: number) => number,
): Promise<void> {
  const bytes = Buffer.from(tail.torn ? `\n${lines}` : lines)
  let written = 0
  while (written < bytes.length) {
    try {
      const length = endOfWrite(bytes, written) - written
      const { bytesWritten } = await write(descriptor, bytes, written, length)
      written += bytesWritten
      tail.torn = written < bytes.length
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error
      await new Promise((resolve) => setTimeout(resolve, FULL_PIPE_PAUSE_MS))
    }
  }
}

async function makeDurable(handle: FileHandle): Promise<void> {
  try {
    await handle.datasync()
  } catch (error) {
    // A pipe or a device has nothing to sync.
    if (!hasCode(error, 'EINVAL')) throw error
  }
}

/** A new file survives a power cut only when its folder's entry does. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function hasCode(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
