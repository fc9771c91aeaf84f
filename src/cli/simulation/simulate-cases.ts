/**
 * `rolegate simulate --cases`: one decision per case, in order, while they come. What cannot be judged is said so in
 * its place, and the rest goes on.
 */
import { evaluate } from '../../policy/evaluate.js'
import { explain } from '../../policy/explain.js'
import { explainText } from '../../policy/explain-text.js'
import { CaseProblem } from './case-problem.js'
import { type Line, linesOf } from './line-stream.js'
import { type CaseFields, type CaseReader, createCaseReader, nameIn } from './simulation-case.js'

export interface CaseOptions {
  /** Adds `reasons`. */
  readonly explain: boolean
}

export interface TextSink {
  /** Resolves when there is room for more; false when nobody reads any more. */
  write(text: string): Promise<boolean>
}

export async function simulateCases(
  input: AsyncIterable<Uint8Array>,
  output: TextSink,
  options: CaseOptions,
): Promise<void> {
  const reader = createCaseReader()
  for await (const lines of linesOf(input)) {
    let answers = ''
    for (const line of lines) {
      answers += `${JSON.stringify(answerTo(line, reader, options))}\n`
      if (answers.length < flushAt) continue
      if (!(await output.write(answers))) return
      answers = ''
    }
    // Whoever sends one case and waits for its answer gets it.
    if (answers !== '' && !(await output.write(answers))) return
  }
}

const flushAt = 65_536

function answerTo(line: Line, reader: CaseReader, options: CaseOptions): object {
  if (!('text' in line)) {
    return { name: null, error: { code: line.code, message: `the line ${line.reason}`, path: '$' } }
  }
  let fields: CaseFields | undefined
  try {
    fields = reader.fields(line.text)
    const { request, layers } = reader.read(fields)
    const name = nameIn(fields) ?? null
    if (!options.explain) return { name, decision: evaluate(request, layers).outcome }
    const explanation = explain(request, layers)
    const { outcome, matched, missing } = explanation.decision
    const text = explainText(explanation).split('\n')
    return { name, decision: outcome, reasons: { matched, ...(missing && { missing }), text } }
  } catch (cause) {
    if (!(cause instanceof CaseProblem)) throw cause
    const name = fields === undefined ? cause.caseName : nameIn(fields)
    return { name: name ?? null, error: cause.detail }
  }
}
