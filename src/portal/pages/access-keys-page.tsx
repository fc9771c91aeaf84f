/** Access keys of one role: first for how long, then the keys, in the form that the next tool wants. */
import type { Account, Role } from '../../role/role.js'
import type { CredentialBlock } from '../credential-blocks.js'
import { NoticeBox, PostForm, type Notice } from './forms.js'
import { ColorDot } from './icons.js'
import { Countdown, duration, Instant } from './instants.js'
import { Layout, type Frame } from './layout.js'
import { rolePath } from './accounts-page.js'

interface RoleView {
  readonly account: Account
  readonly role: Role
  readonly csrfToken: string
}

export interface LifetimeView extends RoleView {
  /** Seconds, ascending. */
  readonly lifetimes: readonly number[]
  readonly suggested: number
  readonly notice?: Notice
}

export function LifetimePage({ frame, view }: { readonly frame: Frame; readonly view: LifetimeView }) {
  return (
    <Layout frame={frame} title={`Access keys for ${view.role.name}`} narrow>
      <RoleHead {...view} />
      {view.notice === undefined ? null : <NoticeBox notice={view.notice} />}
      <section class="card">
        <PostForm action={rolePath(view.account.id, view.role.name)} csrfToken={view.csrfToken} class="stack">
          <label>
            <span>Keys are good for</span>
            <select name="duration">
              {view.lifetimes.map((seconds) => (
                <option value={String(seconds)} selected={seconds === view.suggested}>
                  {duration(seconds)}
                </option>
              ))}
            </select>
          </label>
          <p class="muted">
            Shorter is safer. The keys are shown once and end by themselves; asking again makes new ones.
            Every request is recorded.
          </p>
          <div class="actions">
            <button class="primary">Get access keys</button>
            <a class="button" href="/accounts">
              Cancel
            </a>
          </div>
        </PostForm>
      </section>
    </Layout>
  )
}

export interface KeysView extends RoleView {
  readonly expiresAt: Date
  readonly sessionArn: string
  readonly sections: readonly KeySection[]
}

export interface KeySection {
  readonly id: string
  readonly title: string
  readonly blocks: readonly CredentialBlock[]
}

export function KeysPage({ frame, view }: { readonly frame: Frame; readonly view: KeysView }) {
  return (
    <Layout frame={frame} title={`Access keys for ${view.role.name}`}>
      <RoleHead {...view} />
      <div class="keys" data-expires={view.expiresAt.toISOString()}>
        <p class="keys-expiry">
          <span>
            Expires <Instant at={view.expiresAt} />
          </span>
          <span class="badge">
            <Countdown to={view.expiresAt} suffix="left" />
          </span>
        </p>
        <div class="card tabs" data-tabs>
          {view.sections.map((section) => (
            <section id={`keys-${section.id}`} aria-labelledby={`title-${section.id}`}>
              <h2 id={`title-${section.id}`}>{section.title}</h2>
              {section.blocks.map((block, index) => (
                <Block block={block} id={`block-${section.id}-${String(index)}`} />
              ))}
            </section>
          ))}
        </div>
        <p class="muted">
          These keys act as <code class="wrap">{view.sessionArn}</code>. They are shown once: this page is
          gone when you leave it. Programs that ask for themselves need no copying:{' '}
          <code>rolegate credential-process</code>.
        </p>
      </div>
      <div class="keys-gone card" data-expired-note hidden>
        <h2>These keys have expired</h2>
        <p>They were removed from this page.</p>
      </div>
      <div class="actions">
        <a class="button" href={rolePath(view.account.id, view.role.name)}>
          New keys
        </a>
        <a class="button" href="/accounts">
          Back to accounts
        </a>
      </div>
    </Layout>
  )
}

function RoleHead({ account, role }: RoleView) {
  return (
    <div class="page-head role-head">
      <div>
        <p class="crumbs">
          <a href="/accounts">Accounts</a> <span aria-hidden="true">›</span>{' '}
          <span class="where">
            <ColorDot color={role.color ?? account.color} /> {account.name}{' '}
            <span class="mono">{account.id}</span>
          </span>
        </p>
        <h1>Access keys for {role.name}</h1>
        {role.description === undefined ? null : <p class="muted">{role.description}</p>}
      </div>
    </div>
  )
}

function Block({ block, id }: { readonly block: CredentialBlock; readonly id: string }) {
  return (
    <div class="block">
      <div class="block-head">
        <h3 id={`${id}-title`}>{block.title}</h3>
        <button type="button" class="small" data-copy={id} hidden>
          Copy
        </button>
      </div>
      <pre id={id} tabIndex={0} aria-labelledby={`${id}-title`} class={block.secret ? 'secret' : undefined}>
        {block.text}
      </pre>
      {block.note === undefined ? null : <p class="hint">{block.note}</p>}
    </div>
  )
}
