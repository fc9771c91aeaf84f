import type { AccessRequest } from './access.js'
import type { DataFacts } from './data-event.js'
import type { Judgement } from './judge.js'

/** What the record says of a judgement. */
export function decidedFacts(
  asked: AccessRequest,
  judgement: Judgement,
): Pick<DataFacts, 'service' | 'decided' | 'client' | 'clientProven' | 'refusal'> {
  const { service, questions } = asked
  const decided = questions.map(({ action, resource, resourceAccount }, index) => {
    const decision = judgement.authenticated ? judgement.decisions[index] : undefined
    return { action, resource, account: resourceAccount, ...(decision === undefined ? {} : { decision }) }
  })
  if (judgement.authenticated) return { service, decided, client: judgement.caller, clientProven: true }
  const { refusal, claimed } = judgement
  const client = claimed === undefined ? {} : { client: claimed, clientProven: false }
  return { service, decided, refusal, ...client }
}
