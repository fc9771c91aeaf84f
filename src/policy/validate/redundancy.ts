/** Checks on what could be left out without changing what the policy means. */
import type { JsonNode } from '../json-node.js'
import { quoted } from '../reader.js'
import { type Check, type Hit, hit, perCondition, perStatement } from './check.js'
import { type Cover, coverArn, covered, coverText, type Pattern } from './pattern-cover.js'
import type { ElementView, PatternLeaf, StatementView } from './policy-view.js'

export const redundancyChecks: readonly Check[] = [
  {
    code: 'REDUNDANT_ACTION',
    type: 'SUGGESTION',
    find: perStatement(({ actions }) => coveredEntries(actions, 'folded', coverText)),
  },
  {
    code: 'REDUNDANT_RESOURCE',
    type: 'SUGGESTION',
    find: perStatement(({ resources }) => coveredEntries(resources, 'text', coverArn)),
  },
  {
    code: 'REDUNDANT_STATEMENT',
    type: 'SUGGESTION',
    *find({ statements }) {
      const seen = new Set<string>()
      for (const statement of statements) {
        const meaning = meaningOf(statement)
        if (seen.has(meaning)) yield hit('Another statement says the same.', statement.cursor)
        seen.add(meaning)
      }
    },
  },
  {
    code: 'REDUNDANT_CONDITION_VALUE_NUM',
    type: 'SUGGESTION',
    find: perCondition(function* ({ operator, values, cursor }) {
      const way = /^(?:Numeric|Date)(Less|Greater)Than/.exec(operator.base)?.[1]
      if (way === undefined || values.length < 2) return
      yield hit(`Only the ${way === 'Less' ? 'greatest' : 'smallest'} of the values counts.`, cursor)
    }),
  },
  {
    code: 'REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION',
    type: 'SUGGESTION',
    find: perCondition(function* ({ operator, values }) {
      if (!/^(?:StringLike|ArnLike)$/.test(operator.base)) return
      const star = values.find(({ text }) => text === '*')
      if (star !== undefined && operator.base === 'StringLike') {
        yield hit(
          '`*` covers every value: leave the key out, or ask for its presence with `Null` `false`.',
          star.cursor,
        )
      }
    }),
  },
  {
    code: 'REDUNDANT_STATEMENT_DUE_TO_WILDCARD_IN_CONDITION',
    type: 'SUGGESTION',
    find: perCondition(function* ({ operator, values }, { cursor }) {
      if (operator.base === 'StringNotLike' && values.some(({ text }) => text === '*')) {
        yield hit(
          'A condition excludes every value with `*`, so the statement matches only where the key is missing.',
          cursor,
        )
      }
    }),
  },
]

function* coveredEntries(
  element: ElementView | undefined,
  by: 'folded' | 'text',
  cover: Cover,
): Iterable<Hit> {
  const patterns: readonly Pattern<PatternLeaf>[] = (element?.entries ?? []).map((item) => ({
    text: item[by],
    item,
  }))
  for (const { item, by } of covered(patterns, cover)) {
    yield hit(`${quoted(by.text)} in the same list already covers this.`, item.cursor)
  }
}

/** Equal for statements that differ in Sid, in order and in the brackets around single entries only. */
function meaningOf({ members }: StatementView): string {
  const parts: string[] = []
  for (const [name, { node }] of members) {
    if (name === 'Sid') continue
    const folds = name === 'Action' || name === 'NotAction'
    parts.push(`${JSON.stringify(name)}:${canonical(node, folds)}`)
  }
  return parts.sort().join(',')
}

function canonical(node: JsonNode, folds: boolean): string {
  switch (node.type) {
    case 'object':
      return `{${node.members
        .map(({ name, value }) => `${JSON.stringify(name)}:${canonical(value, folds)}`)
        .sort()
        .join(',')}}`
    case 'array':
      return [...new Set(node.items.map((item) => canonical(item, folds)))].sort().join(',')
    case 'null':
      return 'null'
    case 'string':
    case 'number':
    case 'boolean':
      return JSON.stringify(folds ? String(node.value).toLowerCase() : String(node.value))
  }
}
