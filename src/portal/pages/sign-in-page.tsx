/** Every way in: a button per source that takes the browser elsewhere, a form per source that asks for a password. */
import type { ProviderKind } from '../../federation/assertion.js'
import type { Demo } from '../portal-deps.js'
import { NoticeBox, type Notice } from './forms.js'
import { Mark, ProviderIcon } from './icons.js'
import { Layout, type Frame } from './layout.js'

export interface SignInSource {
  readonly name: string
  readonly displayName: string
  readonly kind: ProviderKind
}

export interface SignInView {
  readonly redirects: readonly SignInSource[]
  readonly passwords: readonly SignInSource[]
  /** The source whose form is open: the one that was just tried, or the first. */
  readonly open?: string
  readonly username: string
  readonly next: string
  readonly notice?: Notice
  readonly demo?: Demo
}

export function SignInPage({ frame, view }: { readonly frame: Frame; readonly view: SignInView }) {
  const { redirects, passwords } = view
  const open = view.open ?? (redirects.length === 0 ? passwords[0]?.name : undefined)
  return (
    <Layout frame={frame} title="Sign in" narrow>
      <div class="sign-in">
        <header>
          <Mark />
          <h1>Sign in to {frame.brand}</h1>
        </header>
        <section class="card">
          {view.notice === undefined ? null : <NoticeBox notice={view.notice} />}
          {redirects.map((source) => (
            <a class="button source" href={startPath(source.name, view.next)}>
              <ProviderIcon kind={source.kind} />
              <span>{source.displayName}</span>
            </a>
          ))}
          {redirects.length > 0 && passwords.length > 0 ? <p class="or">or with a password</p> : null}
          {passwords.map((source) => (
            <PasswordForm
              source={source}
              view={view}
              open={source.name === open}
              only={passwords.length === 1 && redirects.length === 0}
            />
          ))}
          {redirects.length + passwords.length === 0 ? (
            <p>No sign-in source is configured. An administrator adds one in the configuration folder.</p>
          ) : null}
        </section>
        {view.demo === undefined ? null : <DemoBox demo={view.demo} />}
      </div>
    </Layout>
  )
}

function startPath(name: string, next: string): string {
  const query = next === '' ? '' : `?${new URLSearchParams({ next }).toString()}`
  return `/signin/${encodeURIComponent(name)}${query}`
}

function PasswordForm(props: {
  readonly source: SignInSource
  readonly view: SignInView
  readonly open: boolean
  readonly only: boolean
}) {
  const { source, view, open, only } = props
  const failed = view.open === source.name && view.notice?.tone === 'bad'
  const form = (
    <form method="post" action={`/signin/${encodeURIComponent(source.name)}`} class="stack">
      <input type="hidden" name="next" value={view.next} />
      <label>
        <span>User name</span>
        <input
          name="username"
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          maxLength={256}
          value={view.open === source.name ? view.username : ''}
          aria-invalid={failed ? 'true' : undefined}
        />
      </label>
      <label>
        <span>Password</span>
        <input
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxLength={1024}
          aria-invalid={failed ? 'true' : undefined}
        />
      </label>
      <button class="primary">Sign in</button>
    </form>
  )
  if (only) return form
  return (
    <details class="password" name="source" open={open}>
      <summary>
        <ProviderIcon kind={source.kind} />
        <span>{source.displayName}</span>
      </summary>
      {form}
    </details>
  )
}

function DemoBox({ demo }: { readonly demo: Demo }) {
  return (
    <aside class="demo" aria-label="Demonstration accounts">
      <p>
        <strong>Demonstration.</strong> Anybody on this machine may sign in as one of these people.
      </p>
      <ul>
        {demo.hints.map((hint) => (
          <li>
            <span class="demo-who">
              <code>{hint.username}</code> <code>{hint.password}</code>
            </span>
            <span class="muted">
              {hint.source}
              {hint.note === undefined ? '' : ` · ${hint.note}`}
            </span>
          </li>
        ))}
      </ul>
      {(demo.notes ?? []).map((note) => (
        <p class="muted">{note}</p>
      ))}
    </aside>
  )
}
