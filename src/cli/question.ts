/** Asks a person, or reads the same answers line by line from a pipe. Questions go to standard error. */
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export interface Questions {
  /** @returns undefined when there is nobody to answer: the input is over. */
  ask(question: string): Promise<string | undefined>
  close(): void
}

/** Answers are seen while they are typed: for what is no secret. */
export function createQuestions(input: Readable, show: (text: string) => void): Questions {
  const reader = createInterface({ input, terminal: false })
  const lines = reader[Symbol.asyncIterator]()
  return {
    async ask(question) {
      show(question)
      const next = await lines.next()
      return next.done === true ? undefined : next.value.trim()
    },
    close() {
      reader.close()
      input.pause()
    },
  }
}

/** @returns whether the answer begins with a y. */
export async function agrees(
  input: Readable,
  show: (text: string) => void,
  question: string,
): Promise<boolean> {
  const questions = createQuestions(input, show)
  try {
    return /^y/i.test((await questions.ask(`${question} [y/N] `)) ?? '')
  } finally {
    questions.close()
  }
}
