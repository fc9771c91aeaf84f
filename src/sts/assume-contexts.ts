/**
 * `ProvidedContexts`: what trusted context providers say about the person behind a request. Each assertion is verified
 * by the provider that it names; whether the role takes it is for `sts:SetContext`.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_ProvidedContext.html
 */
import type { IdentityProvider } from '../federation/assertion.js'
import { contextProviderArn } from '../federation/provider-arn.js'
import { Fault } from '../fault.js'
import type { PassedContext } from '../role/broker.js'
import type { QueryForm } from './query-form.js'
import { arnText, type Validation } from './validation.js'
import { refusal, refusalOf, type Refusal } from './wire-errors.js'

const maxContexts = 5
const assertionText = { min: 4, max: 2048, sensitive: true } as const

export interface ContextParameter {
  readonly providerArn: string
  readonly assertion: string
}

export type ContextsOutcome =
  | { readonly ok: true; readonly contexts: readonly PassedContext[] }
  | { readonly ok: false; readonly refusal: Refusal | 'unknown-provider' }

export function readContexts(form: QueryForm, check: Validation): readonly ContextParameter[] {
  const members = form.structures('ProvidedContexts')
  if (!check.count('ProvidedContexts', members.length, maxContexts)) return []
  return members.map((member, index) => {
    const at = `ProvidedContexts.${index + 1}.member`
    return {
      providerArn: check.member(`${at}.ProviderArn`, member.get('ProviderArn'), arnText),
      assertion: check.member(`${at}.ContextAssertion`, member.get('ContextAssertion'), assertionText),
    }
  })
}

/**
 * Two contexts that say different things under one key are refused: a policy could not tell whose word it reads.
 * Assertions are verified one after the other, and the first that fails ends it.
 */
export async function verifyContexts(
  given: readonly ContextParameter[],
  providers: readonly IdentityProvider[],
): Promise<ContextsOutcome> {
  const contexts: PassedContext[] = []
  const said = new Map<string, string>()
  for (const { providerArn, assertion } of given) {
    const provider = providers.find(
      ({ name, context }) => context !== undefined && contextProviderArn(name) === providerArn,
    )
    if (provider?.context === undefined) return { ok: false, refusal: 'unknown-provider' }
    let context: PassedContext
    try {
      context = await provider.context.verify(assertion)
    } catch (cause) {
      if (!(cause instanceof Fault)) throw cause
      return { ok: false, refusal: refusalOf(cause) }
    }
    for (const [key, value] of context.keys) {
      const text = JSON.stringify(value)
      if ((said.get(key) ?? text) !== text) return { ok: false, refusal: contradiction(key) }
      said.set(key, text)
    }
    contexts.push(context)
  }
  return { ok: true, contexts }
}

function contradiction(key: string): Refusal {
  return refusal(
    'InvalidParameterValue',
    `The provided contexts say different things about \`${key}\`.`,
    'sts:context-contradiction',
  )
}
