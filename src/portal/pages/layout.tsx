/** The frame around every page: document, bar, main landmark. Pages fill it; they never write their own head. */
import type { ComponentChildren } from 'preact'
import { ColorDot, Mark } from './icons.js'
import { Countdown } from './instants.js'
import { PostForm } from './forms.js'

/** What the frame itself shows, on every page. */
export interface Frame {
  readonly brand: string
  readonly assets: AssetPaths
  readonly now: Date
  /** Absent while nobody is signed in. */
  readonly bar?: Bar
}

export interface AssetPaths {
  readonly style: string
  readonly script: string
  readonly icon: string
}

export interface Bar {
  readonly person: string
  readonly source: string
  readonly csrfToken: string
  /** The path of the page, to mark it in the navigation. */
  readonly here: string
  readonly active?: BarRole & { readonly expiresAt: Date; readonly expired: boolean }
  readonly previous?: BarRole
  readonly recent: readonly BarRole[]
}

/** A role as the bar names it. */
export interface BarRole {
  readonly account: string
  readonly roleName: string
  readonly displayName: string
  /** `Role @ Account name (123456789012)` */
  readonly title: string
  readonly color?: string
}

export function Layout(props: {
  readonly frame: Frame
  readonly title: string
  /** For pages that are read, not worked with. */
  readonly narrow?: boolean
  readonly children: ComponentChildren
}) {
  const { frame, title, narrow = false } = props
  return (
    <html lang="en" data-now={frame.now.toISOString()}>
      <head>
        <meta charset="utf-8" />
        <title>{`${title} · ${frame.brand}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={frame.assets.icon} type="image/svg+xml" />
        <link rel="stylesheet" href={frame.assets.style} />
        <script src={frame.assets.script} defer />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        {frame.bar === undefined ? null : <TopBar brand={frame.brand} bar={frame.bar} />}
        <main id="main" class={narrow ? 'narrow' : undefined} tabIndex={-1}>
          {props.children}
        </main>
      </body>
    </html>
  )
}

function TopBar({ brand, bar }: { readonly brand: string; readonly bar: Bar }) {
  return (
    <header class="bar">
      <div class="bar-row">
        <a class="brand" href="/accounts" aria-label={brand}>
          <Mark />
          <span>{brand}</span>
        </a>
        <nav aria-label="Pages">
          <BarLink here={bar.here} to="/accounts" text="Accounts" />
          <BarLink here={bar.here} to="/switchrole" text="Switch role" />
        </nav>
        <SessionMenu bar={bar} />
      </div>
      {bar.active?.color === undefined || bar.active.expired ? null : <Stripe color={bar.active.color} />}
    </header>
  )
}

function BarLink({ here, to, text }: { readonly here: string; readonly to: string; readonly text: string }) {
  return (
    <a href={to} aria-current={here === to ? 'page' : undefined}>
      {text}
    </a>
  )
}

/** A person's colour reaches the page only as an SVG attribute: the policy allows no inline style. */
function Stripe({ color }: { readonly color: string }) {
  return (
    <svg class="stripe" aria-hidden="true" preserveAspectRatio="none" viewBox="0 0 1 1">
      <rect width="1" height="1" fill={color} />
    </svg>
  )
}

function SessionMenu({ bar }: { readonly bar: Bar }) {
  const { active, previous } = bar
  const others = bar.recent.filter(({ title }) => title !== active?.title)
  return (
    <details class="menu">
      <summary>
        {active === undefined ? (
          <span class="who">{bar.person}</span>
        ) : (
          <>
            <ColorDot color={active.color} />
            <span class="who" title={active.title}>
              {active.displayName}
            </span>
            <span class="left">
              {active.expired ? 'expired' : <Countdown to={active.expiresAt} suffix="left" />}
            </span>
          </>
        )}
        <span class="visually-hidden">: session menu</span>
      </summary>
      <div class="menu-panel">
        <p class="menu-head">
          <strong>{bar.person}</strong>
          <span>signed in with {bar.source}</span>
        </p>
        {active === undefined ? null : (
          <div class="menu-active">
            <p>
              <span class="caption">Active role</span>
              {active.title}
            </p>
            <div class="menu-actions">
              {active.expired ? <SwitchButton role={active} csrfToken={bar.csrfToken} text="Renew" /> : null}
              {previous === undefined ? null : (
                <PostForm action="/switchrole/back" csrfToken={bar.csrfToken}>
                  <button class="small">Back to {previous.displayName}</button>
                </PostForm>
              )}
              <PostForm action="/switchrole/exit" csrfToken={bar.csrfToken}>
                <button class="small">Exit role</button>
              </PostForm>
            </div>
          </div>
        )}
        {others.length === 0 ? null : (
          <section aria-label="Recent roles">
            <span class="caption">Recent roles</span>
            <ul class="recent">
              {others.map((role) => (
                <li>
                  <SwitchButton role={role} csrfToken={bar.csrfToken} text={role.displayName} dot />
                </li>
              ))}
            </ul>
          </section>
        )}
        <div class="menu-foot">
          <a href="/session">Who am I</a>
          <PostForm action="/signout" csrfToken={bar.csrfToken}>
            <button class="small">Sign out</button>
          </PostForm>
        </div>
      </div>
    </details>
  )
}

function SwitchButton(props: {
  readonly role: BarRole
  readonly csrfToken: string
  readonly text: string
  readonly dot?: boolean
}) {
  const { role, csrfToken, text, dot = false } = props
  return (
    <PostForm
      action="/switchrole"
      csrfToken={csrfToken}
      fields={{
        account: role.account,
        roleName: role.roleName,
        displayName: role.displayName,
        color: role.color?.slice(1) ?? '',
      }}
    >
      <button class={dot ? 'row' : 'small'} title={role.title}>
        {dot ? <ColorDot color={role.color} /> : null}
        <span>{text}</span>
      </button>
    </PostForm>
  )
}
