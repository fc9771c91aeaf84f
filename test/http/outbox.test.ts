import { describe, expect, it } from '@jest/globals'
import { createOutbox } from '../../src/http/outbox.js'

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
const unexpected = (cause: unknown) => {
  throw cause
}

describe('the outbox', () => {
  it('sends what became ready in one turn at its end, in order', async () => {
    const sent: string[] = []
    const outbox = createOutbox()
    outbox.add(() => sent.push('first'), unexpected)
    await Promise.resolve()
    outbox.add(() => sent.push('second'), unexpected)
    expect(sent).toEqual([])
    await turn()
    expect(sent).toEqual(['first', 'second'])
    outbox.add(() => sent.push('third'), unexpected)
    await turn()
    expect(sent).toEqual(['first', 'second', 'third'])
  })

  it('keeps no answer back because another one cannot be written', async () => {
    const sent: unknown[] = []
    const outbox = createOutbox()
    outbox.add(
      () => {
        throw new Error('not writable')
      },
      (cause) => sent.push(String(cause)),
    )
    outbox.add(() => sent.push('second'), unexpected)
    await turn()
    expect(sent).toEqual(['Error: not writable', 'second'])
  })

  it('sends what is added while it sends in the next turn', async () => {
    const sent: string[] = []
    const outbox = createOutbox()
    outbox.add(() => outbox.add(() => sent.push('later'), unexpected), unexpected)
    await turn()
    await turn()
    expect(sent).toEqual(['later'])
  })
})
