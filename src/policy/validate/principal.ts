/** Checks on Principal and NotPrincipal that concern every kind of policy with principals. */
import { quoted } from '../reader.js'
import { type Check, hit, perStatement } from './check.js'
import { restrictingKeys } from './restriction.js'

export const principalChecks: readonly Check[] = [
  {
    code: 'ALLOW_WITH_NOT_PRINCIPAL',
    type: 'SECURITY_WARNING',
    kinds: ['resource', 'trust'],
    find: perStatement(function* ({ effect, principal }) {
      if (effect === 'Allow' && principal?.includes === false) {
        yield hit(
          '`Allow` with `NotPrincipal` lets in everybody else, anonymous callers too.',
          principal.cursor,
        )
      }
    }),
  },
  reference('INVALID_ROLE_REFERENCE', 'AROA', 'role'),
  reference('INVALID_USER_REFERENCE', 'AIDA', 'user'),
  {
    code: 'RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL',
    type: 'SECURITY_WARNING',
    kinds: ['resource'],
    find: perStatement(function* (statement) {
      const { effect, principal } = statement
      if (effect !== 'Allow' || principal?.includes !== true) return
      const service = principal.entries.find(({ type }) => type === 'Service')
      if (service === undefined) return
      const keys = restrictingKeys(statement)
      if (sourceKeys.some((key) => keys.has(key))) return
      yield hit(
        `${quoted(service.text)} may act for anybody: say for whom with \`aws:SourceArn\`, \`aws:SourceAccount\` or \`aws:SourceOrgID\`.`,
        service.cursor,
      )
    }),
  },
  {
    code: 'UNSUPPORTED_CONDITION_KEY_FOR_SERVICE_PRINCIPAL',
    type: 'ERROR',
    kinds: ['resource', 'trust'],
    find: perStatement(function* ({ principal, conditions }) {
      if (principal?.includes !== true || principal.entries.length === 0) return
      if (!principal.entries.every(({ type }) => type === 'Service')) return
      for (const { key, keyName, cursor } of conditions) {
        if (callerKeys.has(key) || key.startsWith('aws:principaltag/')) {
          yield hit(`A request by a service does not carry ${quoted(keyName)}.`, cursor)
        }
      }
    }),
  },
]

const sourceKeys = ['aws:sourcearn', 'aws:sourceaccount', 'aws:sourceorgid', 'aws:sourceorgpaths'] as const

/** Keys about a caller who has an account. */
const callerKeys: ReadonlySet<string> = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:userid',
  'aws:username',
])

function reference(code: string, prefix: string, noun: string): Check {
  return {
    code,
    type: 'WARNING',
    kinds: ['resource', 'trust'],
    find: perStatement(function* ({ principal }) {
      for (const { type, text, cursor } of principal?.entries ?? []) {
        if (type === 'AWS' && text.startsWith(prefix)) {
          yield hit(
            `This is the unique id of a ${noun} that may be gone: name the ${noun} by its ARN.`,
            cursor,
          )
        }
      }
    }),
  }
}
