/**
 * Answers that become ready in one turn of the event loop leave together at its end. A client that sleeps until an
 * answer comes is woken once for all of them; on virtual machines that costs more than making an answer does.
 */
export interface Outbox {
  /**
   * Runs `send` before the next turn; in the order in which they were given.
   * @param failed gets what it throws: one answer that cannot be written keeps no other back.
   */
  add(send: () => void, failed: (cause: unknown) => void): void
}

interface Waiting {
  readonly send: () => void
  readonly failed: (cause: unknown) => void
}

export function createOutbox(): Outbox {
  let waiting: Waiting[] = []
  const flush = (): void => {
    const due = waiting
    waiting = []
    for (const { send, failed } of due) {
      try {
        send()
      } catch (cause) {
        failed(cause)
      }
    }
  }
  return {
    add(send, failed) {
      if (waiting.push({ send, failed }) === 1) setImmediate(flush)
    },
  }
}
