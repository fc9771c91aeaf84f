/**
 * An explanation as a fragment of HTML with class names only: no style, no script, no attribute whose value comes from
 * a policy or a request. In full for administrators, and a safe one for the caller, as in explain-text.ts.
 */
import type { Explanation } from './explain.js'
import { safeSentences } from './explain-safely.js'
import { accountOf, type Sentence } from './explain-sentence.js'

/** Quotes policies: only for whoever administers them. */
export function explainHtml(explanation: Explanation): string {
  const { outcome, headline, layers, note } = accountOf(explanation)
  const parts = layers.map(({ title, statements, note: left }) => {
    const items = statements.map(
      ({ matches, sentence }) =>
        `<li class="explanation-statement ${matches ? 'explanation-matches' : 'explanation-fails'}">${htmlOf(sentence)}</li>`,
    )
    const listed = items.length === 0 ? '' : `<ul>${items.join('')}</ul>`
    return `<section class="explanation-layer"><h4>${escape(title)}</h4>${listed}${noteOf(left)}</section>`
  })
  return (
    `<div class="explanation explanation-${outcome}"><p class="explanation-outcome">${htmlOf(headline)}</p>` +
    `${parts.join('')}${noteOf(note)}</div>`
  )
}

/** Made of fixed words only. */
export function explainHtmlSafely(explanation: Explanation): string {
  const { outcome } = explanation.decision
  const text = escape(safeSentences(explanation).join(' '))
  return `<div class="explanation explanation-${outcome}"><p class="explanation-outcome">${text}</p></div>`
}

function noteOf(note: string | undefined): string {
  return note === undefined ? '' : `<p class="explanation-note">${escape(note)}</p>`
}

function htmlOf(sentence: Sentence): string {
  return sentence
    .map((part) => (typeof part === 'string' ? escape(part) : `<code>${escape(part.code)}</code>`))
    .join('')
}

function escape(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
