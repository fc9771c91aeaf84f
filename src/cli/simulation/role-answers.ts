/** The answers of `rolegate simulate --as`, for people and for programs. */
import type { Assertion } from '../../federation/assertion.js'
import type { Decision } from '../../policy/evaluate.js'
import type { Explanation } from '../../policy/explain.js'
import { explainText } from '../../policy/explain-text.js'

export interface RoleAnswer {
  readonly arn: string
  readonly allowed: boolean
  readonly decision: Decision
  /** The first authorisation that was refused, e.g. `sts:TagSession`. */
  readonly deniedAction?: string
  /** Internal reason, e.g. `sts:trust`. */
  readonly reason?: string
  /** Absent when no policy had to be asked. */
  readonly explanation?: Explanation
}

export interface Rendering {
  /** Every statement that was looked at, not only the one that came closest. */
  readonly inFull: boolean
}

export function answersAsText(
  assertion: Assertion,
  answers: readonly RoleAnswer[],
  { inFull }: Rendering,
): string {
  const allowed = answers.filter((answer) => answer.allowed)
  const refused = answers.filter((answer) => !answer.allowed)
  const who = `${plain(assertion.username)} of ${plain(assertion.provider)}`
  const lines = inFull ? [who] : [`${who} may assume ${allowed.length} of ${answers.length} roles`]
  for (const { arn, explanation } of allowed) lines.push('', `yes  ${arn}`, ...reasons(explanation, inFull))
  for (const { arn, explanation, deniedAction, reason } of refused) {
    lines.push('', `no   ${arn} (${deniedAction ?? 'sts:AssumeRole'})`)
    lines.push(...(explanation === undefined ? [`       ${unasked(reason)}`] : reasons(explanation, inFull)))
  }
  return `${lines.join('\n')}\n`
}

/** One object, so that nothing has to be guessed from its place. */
export function answersAsJson(assertion: Assertion, answers: readonly RoleAnswer[]): string {
  const roles = answers.map(({ arn, allowed, decision, deniedAction, reason, explanation }) => ({
    arn,
    allowed,
    decision: decision.outcome,
    ...(deniedAction === undefined ? {} : { deniedAction }),
    reasons: {
      matched: decision.matched,
      ...(decision.missing && { missing: decision.missing }),
      text: explanation === undefined ? [unasked(reason)] : explainText(explanation).split('\n'),
    },
  }))
  const { provider, kind, username } = assertion
  return `${JSON.stringify({ identity: { provider, kind, username }, roles }, null, 2)}\n`
}

/** In short: the headline and, of an implicit denial, the Allow that came closest. */
function reasons(explanation: Explanation | undefined, inFull: boolean): readonly string[] {
  if (explanation === undefined) return []
  const [headline, ...lines] = explainText(explanation).split('\n')
  const implicit = explanation.decision.outcome === 'implicitDeny'
  const closest = lines.filter((line) => line.startsWith('  Allow')).map((line) => line.trimStart())
  const shown = inFull ? lines : implicit ? closest.slice(0, 1) : []
  return [headline ?? '', ...shown].map((line) => `       ${line}`)
}

function unasked(reason: string | undefined): string {
  return unaskedReasons.get(reason ?? '') ?? 'no policy was asked'
}

const unaskedReasons: ReadonlyMap<string, string> = new Map([
  ['sts:role-claims', 'the provider lists the roles itself, and this one is not among them'],
  ['sts:provider-gone', 'no provider with this ARN is enabled, so nobody may come from it'],
])

function plain(text: string): string {
  return `\`${text.replace(/[\p{Cc}\p{Cf}`]/gu, '\ufffd')}\``
}
