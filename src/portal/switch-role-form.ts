/** Reads the switch-role form and its link. Both are a stranger's text until the person submits. */
import type { SwitchRoleValues } from './pages/switch-role-page.js'
import { field } from './visit.js'

export type Problems = Partial<Record<keyof SwitchRoleValues, string>>

export type ReadChoice =
  | { readonly ok: true; readonly values: SwitchRoleValues }
  | { readonly ok: false; readonly values: SwitchRoleValues; readonly problems: Problems }

const longestDisplayName = 64

/** What a link may fill in: shapes that cannot be right are left empty, nothing is refused. */
export function prefill(query: URLSearchParams): SwitchRoleValues {
  const values = read((name) => query.getAll(name).at(-1) ?? '')
  const problems = check(values)
  return {
    account: problems.account === undefined ? values.account : '',
    roleName: problems.roleName === undefined ? values.roleName : '',
    displayName: problems.displayName === undefined ? values.displayName : '',
    color: problems.color === undefined ? values.color : '',
  }
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

/** Control, formatting and direction characters have no place in a name that stands in the bar of every page. */
function displayName(given: string): string {
  return given
    .normalize('NFC')
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .trim()
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
