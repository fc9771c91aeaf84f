/**
 * What a check answers: PASS, or FAIL with the statements that are to blame and a request that proves it.
 */
import type { ContextValue } from '../context.js'
import type { PolicyDocument } from '../document.js'
import type { Principal } from '../principal.js'
import { quoted } from '../reader.js'
import type { Statement } from '../statement.js'
import type { Witness } from './witness.js'

/** PASS is certain. FAIL may be wrong, and then no reason has an exact witness. */
export type Verdict =
  | { readonly result: 'PASS'; readonly message: string }
  | { readonly result: 'FAIL'; readonly message: string; readonly reasons: readonly Reason[] }

export interface Reason {
  readonly description: string
  /** Position in the document that was checked; absent where no single statement is to blame. */
  readonly statementIndex?: number
  readonly statementId?: string
  /** Absent when the check gave up before it had one. */
  readonly witness?: Witness
}

export function passed(message: string): Verdict {
  return { result: 'PASS', message }
}

export function verdictOf(reasons: readonly Reason[], message: string, otherwise: string): Verdict {
  return reasons.length === 0 ? passed(otherwise) : { result: 'FAIL', message, reasons }
}

/** @param statement Undefined for what a resource control policy implies. */
export function reasonOf(
  document: PolicyDocument,
  statement: Statement | undefined,
  witness: Witness | undefined,
  deed: string,
): Reason {
  const index = statement === undefined ? -1 : document.statements.indexOf(statement)
  const subject = statement === undefined ? 'the document' : `the statement ${quoted(statement.label)}`
  const how = witness === undefined ? ': too complex to rule out' : describeWitness(witness)
  return {
    description: `${subject} ${deed}${how}`,
    ...(index >= 0 && { statementIndex: index }),
    ...(statement?.sid !== undefined && { statementId: statement.sid }),
    ...(witness !== undefined && { witness }),
  }
}

function describeWitness({ principal, action, resource, context, exact }: Witness): string {
  const keys = [...context].map(([key, value]) => `${quoted(key)} ${describeValue(value)}`)
  const given = keys.length === 0 ? '' : ` with ${keys.join(', ')}`
  const request = `${quoted(action)} on ${quoted(resource)} for ${describeCaller(principal)}${given}`
  return exact ? `, e.g. ${request}` : `, as far as can be told, perhaps ${request}`
}

function describeValue(value: ContextValue): string {
  return typeof value === 'string' ? quoted(value) : `[${value.map(quoted).join(', ')}]`
}

function describeCaller(principal: Principal): string {
  switch (principal.type) {
    case 'anonymous':
      return 'anybody'
    case 'root':
      return `the root user of ${principal.account}`
    case 'federated':
      return quoted(principal.provider)
    case 'service':
      return quoted(principal.host)
    case 'user':
    case 'role-session':
    case 'federated-user':
      return quoted(principal.arn)
  }
}
