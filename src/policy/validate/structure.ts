/** Checks on the outermost object and on what every statement has: Version, Sid, and elements that are empty. */
import type { Cursor } from '../reader.js'
import { type Check, type Hit, hit, hitKey, perCondition, perStatement } from './check.js'
import { kindRules } from '../kind.js'

export const structureChecks: readonly Check[] = [
  {
    code: 'MISSING_VERSION',
    type: 'WARNING',
    *find({ root, version }) {
      if (version === undefined && root.node.type === 'object') {
        yield hit('Without `Version` the language of 2008 applies, in which `${…}` is plain text.', root)
      }
    },
  },
  {
    code: 'UNIQUE_SIDS_RECOMMENDED',
    type: 'WARNING',
    *find({ kind, statements }) {
      if (kindRules[kind].sid === 'plain') return
      const seen = new Set<string>()
      for (const { members } of statements) {
        const sid = members.get('Sid')
        if (sid?.node.type !== 'string' || sid.node.value === '') continue
        if (seen.has(sid.node.value)) yield hit('Another statement already has this Sid.', sid)
        seen.add(sid.node.value)
      }
    },
  },
  {
    code: 'EMPTY_SID_VALUE',
    type: 'SUGGESTION',
    find: perStatement(function* ({ members }) {
      const sid = members.get('Sid')
      if (sid?.node.type === 'string' && sid.node.value === '') {
        yield hit('An empty Sid names nothing: write one, or leave it out.', sid)
      }
    }),
  },
  emptyList('EMPTY_ARRAY_ACTION', ['Action', 'NotAction'], 'A statement without actions matches nothing.'),
  emptyList(
    'EMPTY_ARRAY_RESOURCE',
    ['Resource', 'NotResource'],
    'A statement without resources matches nothing.',
  ),
  {
    code: 'EMPTY_ARRAY_PRINCIPAL',
    type: 'SUGGESTION',
    find: perStatement(function* ({ principal }) {
      for (const list of principal?.lists.values() ?? []) {
        if (isEmpty(list, 'array')) yield hit('An empty list of principals names nobody.', list)
      }
    }),
  },
  {
    code: 'EMPTY_OBJECT_PRINCIPAL',
    type: 'SUGGESTION',
    find: perStatement(function* ({ principal }) {
      if (principal !== undefined && isEmpty(principal.cursor, 'object')) {
        yield hit('An empty principal object names nobody.', principal.cursor)
      }
    }),
  },
  {
    code: 'EMPTY_OBJECT_CONDITION',
    type: 'SUGGESTION',
    find: perStatement(function* ({ members }) {
      const condition = members.get('Condition')
      if (condition === undefined) return
      if (isEmpty(condition, 'object')) yield hit('An empty condition always holds.', condition)
      if (condition.node.type !== 'object') return
      for (const { name, value } of condition.node.members) {
        const block = { node: value, parent: condition, step: name }
        if (isEmpty(block, 'object')) yield hitKey('An operator without keys always holds.', block)
      }
    }),
  },
  emptyValues('EMPTY_ARRAY_CONDITION', 'one', 'A key without values compares with nothing.'),
  emptyValues(
    'EMPTY_ARRAY_CONDITION_FORALLVALUES',
    'ForAllValues',
    '`ForAllValues` without values holds only where the key is missing: `Null` says that better.',
  ),
  emptyValues(
    'EMPTY_ARRAY_CONDITION_FORANYVALUE',
    'ForAnyValue',
    '`ForAnyValue` without values never holds.',
  ),
  emptyValues(
    'EMPTY_ARRAY_CONDITION_IFEXISTS',
    'IfExists',
    '`IfExists` without values holds only where the key is missing: `Null` says that better.',
  ),
]

function emptyList(code: string, names: readonly string[], details: string): Check {
  return {
    code,
    type: 'SUGGESTION',
    find: perStatement(function* ({ members }) {
      for (const name of names) {
        const cursor = members.get(name)
        if (cursor !== undefined && isEmpty(cursor, 'array')) yield hit(details, cursor)
      }
    }),
  }
}

function emptyValues(
  code: string,
  form: 'one' | 'ForAllValues' | 'ForAnyValue' | 'IfExists',
  details: string,
): Check {
  return {
    code,
    type: 'SUGGESTION',
    find: perCondition(function* ({ cursor, operator }): Iterable<Hit> {
      const found = operator.ifExists ? 'IfExists' : operator.over
      if (found === form && isEmpty(cursor, 'array')) yield hit(details, cursor)
    }),
  }
}

function isEmpty({ node }: Cursor, type: 'array' | 'object'): boolean {
  if (node.type !== type) return false
  return node.type === 'array' ? node.items.length === 0 : node.type === 'object' && node.members.length === 0
}
