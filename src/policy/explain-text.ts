/**
 * An explanation as text: in full for whoever administers the policies, and a safe one for the caller, which is made
 * of fixed words only and so cannot quote a policy. Both have a bounded length.
 */
import type { Explanation } from './explain.js'
import { accountOf, type Sentence } from './explain-sentence.js'
import { safeSentences } from './explain-safely.js'

/** The outcome on the first line, then every layer with the statements that matched or came closest. Quotes policies. */
export function explainText(explanation: Explanation): string {
  const { headline, layers, note } = accountOf(explanation)
  const lines = [textOf(headline)]
  for (const { title, statements, note: left } of layers) {
    lines.push(left === 'no statements' ? `${title}: ${left}` : `${title}:`)
    for (const { sentence } of statements) lines.push(`  ${textOf(sentence)}`)
    if (left !== undefined && left !== 'no statements') lines.push(`  ${left}`)
  }
  if (note !== undefined) lines.push(note)
  return lines.join('\n')
}

/** One line: which layer lacks an Allow or has a Deny, and what kinds of facts were looked at. Quotes nothing. */
export function explainTextSafely(explanation: Explanation): string {
  return safeSentences(explanation).join(' ')
}

function textOf(sentence: Sentence): string {
  return sentence.map((part) => (typeof part === 'string' ? part : `\`${part.code}\``)).join('')
}
