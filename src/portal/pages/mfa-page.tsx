/** MFA devices of a person's users: the list with its forms, and the page with the QR code. Works without script. */
import type { BegunEnrolment, OwnDevice } from '../../user/own-devices.js'
import type { User } from '../../user/user.js'
import { NoticeBox, PostForm, type Notice } from './forms.js'
import { Instant } from './instants.js'
import { Layout, type Frame } from './layout.js'

export interface MfaView {
  readonly users: readonly {
    readonly user: User
    readonly accountName: string
    readonly devices: readonly OwnDevice[]
  }[]
  readonly csrfToken: string
  readonly notice?: Notice
}

export function MfaPage({ frame, view }: { readonly frame: Frame; readonly view: MfaView }) {
  return (
    <Layout frame={frame} title="MFA devices" narrow>
      <div class="page-head">
        <div>
          <h1>MFA devices</h1>
          <p class="muted">
            Of the users that belong to you. A device proves with a code that it is you who uses their access
            keys.
          </p>
        </div>
      </div>
      {view.notice === undefined ? null : <NoticeBox notice={view.notice} />}
      {view.users.map(({ user, accountName, devices }) => (
        <section class="card mfa-user">
          <h2>{user.name}</h2>
          <p class="muted">
            {user.description === undefined ? '' : `${user.description} · `}
            {accountName} <span class="mono">{user.account}</span>
          </p>
          {devices.length === 0 ? <p class="empty">No device yet.</p> : null}
          {devices.map((device) => (
            <Device user={user} device={device} csrfToken={view.csrfToken} />
          ))}
          <AddDevice user={user} first={devices.length === 0} csrfToken={view.csrfToken} />
        </section>
      ))}
    </Layout>
  )
}

function Device(props: { readonly user: User; readonly device: OwnDevice; readonly csrfToken: string }) {
  const { user, device } = props
  return (
    <details class="mfa-device">
      <summary>
        <span class="mono wrap">{device.serialNumber}</span>
        <span class="muted">
          since <Instant at={device.enabledAt} />
        </span>
      </summary>
      <PostForm
        action="/account/mfa/remove"
        csrfToken={props.csrfToken}
        fields={{ user: user.arn, device: device.serialNumber }}
        class="stack"
      >
        <CodeField
          name="code"
          label="Code that the device shows now"
          hint="Without the device, an administrator can remove it"
        />
        <button>Remove this device</button>
      </PostForm>
    </details>
  )
}

function AddDevice(props: { readonly user: User; readonly first: boolean; readonly csrfToken: string }) {
  return (
    <PostForm
      action="/account/mfa/enrol"
      csrfToken={props.csrfToken}
      fields={{ user: props.user.arn }}
      class="stack"
    >
      <label>
        <span>Name of a new device</span>
        <input
          name="name"
          maxLength={64}
          pattern="[A-Za-z0-9_+=,.@\-]*"
          required={!props.first}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
        />
        <small class="hint">
          {props.first
            ? 'Optional; letters, digits and + = , . @ _ -'
            : 'Not that of another device; letters, digits and + = , . @ _ -'}
        </small>
      </label>
      <button class={props.first ? 'primary' : undefined}>Add a device</button>
    </PostForm>
  )
}

export interface MfaEnrolmentView {
  readonly user: User
  readonly enrolment: BegunEnrolment
  readonly csrfToken: string
  readonly notice?: Notice
}

export function MfaEnrolmentPage({
  frame,
  view,
}: {
  readonly frame: Frame
  readonly view: MfaEnrolmentView
}) {
  const { user, enrolment } = view
  const { size, path } = enrolment.qr
  return (
    <Layout frame={frame} title="Add an MFA device" narrow>
      <div class="page-head">
        <div>
          <h1>Add an MFA device</h1>
          <p class="muted">
            For <strong>{user.name}</strong>. Scan the code with an authenticator app; it is shown this once.
          </p>
        </div>
      </div>
      {view.notice === undefined ? null : <NoticeBox notice={view.notice} />}
      <section class="card mfa-enrol">
        <svg
          class="qr"
          role="img"
          aria-label="QR code for an authenticator app"
          viewBox={`0 0 ${String(size)} ${String(size)}`}
          shape-rendering="crispEdges"
        >
          <rect width={size} height={size} fill="#ffffff" />
          <path d={path} fill="#000000" />
        </svg>
        <dl>
          <dt>Or type in</dt>
          <dd class="mono wrap">{grouped(enrolment.secretText)}</dd>
          <dt>Device</dt>
          <dd class="mono wrap">{enrolment.serialNumber}</dd>
        </dl>
        <PostForm
          action="/account/mfa/confirm"
          csrfToken={view.csrfToken}
          fields={{ user: user.arn, enrolment: enrolment.sealed }}
          class="stack"
        >
          <CodeField name="first" label="Code that it shows" hint="Six digits" autofocus />
          <CodeField name="second" label="Next code" hint="The one after it, up to 30 seconds later" />
          <div class="actions">
            <button class="primary">Enable</button>
            <a class="button" href="/account/mfa">
              Cancel
            </a>
          </div>
        </PostForm>
      </section>
    </Layout>
  )
}

function CodeField(props: {
  readonly name: string
  readonly label: string
  readonly hint: string
  readonly autofocus?: boolean
}) {
  return (
    <label>
      <span>{props.label}</span>
      <input
        class="code-input"
        name={props.name}
        required
        inputMode="numeric"
        pattern="[0-9 ]{6,7}"
        maxLength={7}
        autocomplete="one-time-code"
        autofocus={props.autofocus}
        spellcheck={false}
      />
      <small class="hint">{props.hint}</small>
    </label>
  )
}

function grouped(text: string): string {
  return text.replace(/(.{4})(?=.)/g, '$1 ')
}
