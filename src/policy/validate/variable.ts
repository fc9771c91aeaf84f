/** Checks on policy variables that the compiler has no reason to refuse. */
import { type Check, hitPart } from './check.js'
import type { Leaf, PolicyView } from './policy-view.js'

export const variableChecks: readonly Check[] = [
  {
    code: 'VARIABLE_UNSUPPORTED_IN_VERSION',
    type: 'ERROR',
    *find(policy) {
      if (policy.variables) return
      for (const { text, cursor } of placesForVariables(policy)) {
        const variable = /\$\{[A-Za-z0-9.*?$]+[:}][^}]{0,256}\}?/.exec(text)
        if (variable !== null) {
          yield hitPart(
            'Policy variables need `Version` `2012-10-17`; here they are plain text.',
            cursor,
            variable.index,
            variable[0].length,
          )
        }
      }
    },
  },
]

function* placesForVariables({ statements }: PolicyView): Iterable<Leaf> {
  for (const { resources, conditions } of statements) {
    yield* resources?.entries ?? []
    for (const { operator, values } of conditions) if (/^(?:String|Arn)/.test(operator.base)) yield* values
  }
}
