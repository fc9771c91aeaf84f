/** Reads the switch-role form and its link. Both are a stranger's text until the person submits. */
import type { SwitchRoleValues } from './pages/switch-role-page.js'
import { field } from './visit.js'

export type Problems = Partial<Record<keyof SwitchRoleValues, string>>

export type ReadChoice =
  | { readonly ok: true; readonly values: SwitchRoleValues }
  | { readonly ok: false; readonly values: SwitchRoleValues; readonly problems: Problems }

const longestDisplayName = 64
const longestExcerpt = 40
const fields = ['account', 'roleName', 'displayName', 'color'] as const

/** What a link may fill in: a value that cannot be right is left out, with words about it; nothing is refused. */
export function prefill(query: URLSearchParams): {
  readonly values: SwitchRoleValues
  readonly problems: Problems
} {
  const given = read((name) => query.getAll(name).at(-1) ?? '')
  const wrong = check(given)
  const values: Record<keyof SwitchRoleValues, string> = { ...given }
  const problems: Problems = {}
  for (const name of fields) {
    const problem = wrong[name]
    if (problem === undefined) continue
    values[name] = ''
    if (given[name] !== '') problems[name] = `“${excerpt(given[name])}” in the link was not taken. ${problem}`
  }
  return { values, problems }
}

/** Enough to recognize it by, too little for a stranger's message. */
function excerpt(text: string): string {
  const characters = Array.from(visible(text))
  const shown = characters.slice(0, longestExcerpt).join('')
  return characters.length > longestExcerpt ? `${shown}…` : shown
}

/** @throws {Fault} `InvalidRequest` for a repeated field. */
export function readChoice(form: URLSearchParams): ReadChoice {
  const values = read((name) => field(form, name))
  const problems = check(values)
  return Object.keys(problems).length === 0 ? { ok: true, values } : { ok: false, values, problems }
}

function read(get: (name: string) => string): SwitchRoleValues {
  return {
    account: get('account')
      .trim()
      .replace(/^(\d{4})-(\d{4})-(\d{4})$/, '$1$2$3'),
    roleName: get('roleName').trim().replace(/^\//, ''),
    displayName: displayName(get('displayName')),
    color: get('color').trim(),
  }
}

/** A name stands in the bar of every page. */
function displayName(given: string): string {
  return visible(given.normalize('NFC')).trim()
}

/** Without control, formatting and direction characters, which have no place between our own words. */
function visible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
}

function check(values: SwitchRoleValues): Problems {
  return {
    ...(/^(\d{12}|[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9])$/.test(values.account)
      ? {}
      : { account: 'An account is 12 digits or an alias of small letters, digits and hyphens' }),
    ...(/^([!-.0-~]{1,511}\/){0,8}[\w+=,.@-]{1,64}$/.test(values.roleName) && values.roleName.length <= 576
      ? {}
      : { roleName: 'A role name has up to 64 letters, digits and + = , . @ _ -' }),
    ...(values.displayName.length <= longestDisplayName ? {} : { displayName: 'Use up to 64 characters' }),
    ...(values.color === '' || /^[0-9a-fA-F]{6}$/.test(values.color)
      ? {}
      : { color: 'A colour is six hexadecimal digits' }),
  }
}
