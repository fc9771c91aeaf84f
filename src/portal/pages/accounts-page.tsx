/** The accounts and roles that trust policies give this person now, grouped by organizational unit. */
import type { Account, Role } from '../../role/role.js'
import { NoticeBox, PostForm, type Notice } from './forms.js'
import { ColorDot } from './icons.js'
import { duration } from './instants.js'
import { Layout, type Frame } from './layout.js'

export interface AccountsView {
  /** As typed into the search box. */
  readonly search: string
  readonly units: readonly UnitGroup[]
  readonly totals: { readonly accounts: number; readonly roles: number }
  /** Whether users, with MFA devices to look after, belong to this person. */
  readonly ownsUsers: boolean
  readonly csrfToken: string
  readonly notice?: Notice
}

export interface UnitGroup {
  /** Path of organizational units; empty for accounts at the root. */
  readonly unit: string
  readonly accounts: readonly AccountGroup[]
}

export interface AccountGroup {
  readonly account: Account
  readonly roles: readonly { readonly role: Role; readonly active: boolean }[]
}

export function AccountsPage({ frame, view }: { readonly frame: Frame; readonly view: AccountsView }) {
  const shown = view.units.flatMap(({ accounts }) => accounts)
  return (
    <Layout frame={frame} title="Accounts">
      {view.notice === undefined ? null : <NoticeBox notice={view.notice} />}
      <div class="page-head">
        <div>
          <h1>Accounts</h1>
          <p class="muted" role="status" data-filter-status>
            {summary(view, shown)}
          </p>
          {view.ownsUsers ? <a href="/account/mfa">MFA devices of your users</a> : null}
        </div>
        {view.totals.roles === 0 ? null : (
          <form method="get" action="/accounts" role="search" class="search">
            <label>
              <span class="visually-hidden">Search accounts and roles</span>
              <input
                type="search"
                name="q"
                value={view.search}
                maxLength={200}
                placeholder="Search accounts and roles"
                autocomplete="off"
                spellcheck={false}
                data-filter
              />
            </label>
            <kbd aria-hidden="true">/</kbd>
            <button class="visually-hidden">Search</button>
          </form>
        )}
      </div>
      {view.totals.roles === 0 ? <NoRoles /> : null}
      {view.totals.roles > 0 && shown.length === 0 ? (
        <p class="empty card">
          Nothing here matches. <a href="/accounts">Show everything</a>
        </p>
      ) : null}
      <p class="empty card" data-filter-empty hidden>
        Nothing here matches.
      </p>
      <div class="units">
        {view.units.map((unit) => (
          <section class="unit" data-group>
            <h2>{unit.unit === '' ? 'Organization' : unit.unit.split('/').join(' › ')}</h2>
            <div class="account-grid">
              {unit.accounts.map((group) => (
                <AccountCard group={group} csrfToken={view.csrfToken} />
              ))}
            </div>
          </section>
        ))}
      </div>
    </Layout>
  )
}

function summary(view: AccountsView, shown: readonly AccountGroup[]): string {
  const roles = shown.reduce((sum, { roles }) => sum + roles.length, 0)
  const all = `${many(view.totals.roles, 'role')} in ${many(view.totals.accounts, 'account')}`
  return view.search === '' ? all : `${String(roles)} of ${all}`
}

export function many(amount: number, noun: string): string {
  return `${String(amount)} ${noun}${amount === 1 ? '' : 's'}`
}

function NoRoles() {
  return (
    <section class="empty card">
      <h2>No role trusts this sign-in</h2>
      <p>
        You are signed in, but no role in any account may be assumed with what your identity provider says
        about you. An administrator changes that in a role's trust policy; <a href="/session">Who am I</a>{' '}
        shows what it is judged by.
      </p>
    </section>
  )
}

function AccountCard({ group, csrfToken }: { readonly group: AccountGroup; readonly csrfToken: string }) {
  const { account } = group
  return (
    <article class="account card" data-group data-search={searchText(account)}>
      <header>
        <ColorDot color={account.color} />
        <h3>{account.name}</h3>
        <p class="muted">
          <span class="mono">{account.id}</span>
          {account.alias === undefined ? null : <span>{account.alias}</span>}
          {account.email === undefined ? null : <span>{account.email}</span>}
        </p>
      </header>
      <ul class="roles">
        {group.roles.map(({ role, active }) => (
          <RoleRow account={account} role={role} active={active} csrfToken={csrfToken} />
        ))}
      </ul>
    </article>
  )
}

function RoleRow(props: {
  readonly account: Account
  readonly role: Role
  readonly active: boolean
  readonly csrfToken: string
}) {
  const { account, role, active, csrfToken } = props
  const color = role.color ?? account.color
  return (
    <li
      class={active ? 'role active' : 'role'}
      data-search={`${role.path}${role.name} ${role.description ?? ''}`}
    >
      <div class="role-name">
        <strong>{role.name}</strong>
        {active ? <span class="badge">active</span> : null}
        <span class="muted">
          {role.description === undefined ? '' : `${role.description} · `}
          {`up to ${duration(role.maxSessionSeconds)}`}
        </span>
      </div>
      <div class="role-actions">
        <PostForm
          action="/switchrole"
          csrfToken={csrfToken}
          fields={{
            account: account.id,
            roleName: role.name,
            displayName: `${role.name} @ ${account.name}`,
            color: color?.slice(1) ?? '',
          }}
        >
          <button class="small soft" aria-label={`Open ${role.name} in ${account.name}`}>
            Open
          </button>
        </PostForm>
        <a
          class="button small"
          href={rolePath(account.id, role.name)}
          aria-label={`Access keys for ${role.name} in ${account.name}`}
        >
          Access keys
        </a>
      </div>
    </li>
  )
}

/** The page of one role's access keys. */
export function rolePath(account: string, roleName: string): string {
  return `/roles/${account}/${encodeURIComponent(roleName)}`
}

/** Everything about an account that the search box looks at; its roles add their own. */
export function searchText(account: Account): string {
  const tags = [...account.tags].map(([key, value]) => `${key}=${value}`)
  return [account.name, account.id, account.alias ?? '', account.email ?? '', account.unit, ...tags].join(' ')
}
