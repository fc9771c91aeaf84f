/**
 * Replacement of a ring that somebody else may have seen, the next key included: two keys that nobody knows take the
 * place of all. In two steps, so that what is kept sealed can be sealed anew in between, and so that whatever moment
 * a process is killed at, the file opens all of it.
 */
import type { Clock, RandomBytes } from '../fault.js'
import { keptUntil } from './key-ring.js'
import type { RingContent, WrittenKey } from './ring-content.js'
import { ringKeyBytes } from './ring-key.js'
import { changeRingFile, retire, writtenKeyId } from './ring-rotation.js'

interface Deps {
  readonly now: Clock
  readonly random: RandomBytes
}

/**
 * The first step: a new active key and a new next one. The former active key is retired and opens until the second
 * step; the former next one, under which nothing is sealed, is gone.
 * @returns the ring that is in the file now.
 * @throws {Error} that an operator can act on; then the file is as it was.
 */
export function renewRingFile(file: string, { now, random }: Deps): Promise<RingContent> {
  return changeRingFile(file, { now, random }, (content) => {
    const createdAt = now()
    const fresh = () => ({ secret: random(ringKeyBytes).toString('base64'), createdAt })
    const retired = content.keys.filter(({ state }) => state !== 'next').map((key) => retire(key, createdAt))
    const made: RingContent = {
      ...content,
      keys: [
        { ...fresh(), state: 'active' },
        { ...fresh(), state: 'next' },
        ...retired.filter(({ retiredAt }) => keptUntil(retiredAt) > createdAt),
      ],
    }
    return { put: made, made }
  })
}

/**
 * The second step: what is sealed under any other key than these two is worth nothing from now on.
 * @param activeId the active key of the first step.
 * @throws {Error} when somebody has rotated in between; then the file is as it was.
 */
export function dropRetiredKeys(
  file: string,
  activeId: string,
  deps: Deps,
): Promise<{ readonly content: RingContent; readonly removed: readonly WrittenKey[] }> {
  return changeRingFile(file, deps, (content) => {
    const active = content.keys.find(({ state }) => state === 'active')!
    if (writtenKeyId(active) !== activeId)
      throw new Error('the key ring was rotated by somebody else in the meantime: run this again')
    const stays = ({ state }: WrittenKey): boolean => state === 'active' || state === 'next'
    const put: RingContent = { ...content, keys: content.keys.filter(stays) }
    return { put, made: { content: put, removed: content.keys.filter((key) => !stays(key)) } }
  })
}
