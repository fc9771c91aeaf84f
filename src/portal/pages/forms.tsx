/** Forms that change something: always POST, always with the session's token. */
import type { ComponentChildren } from 'preact'

export function PostForm(props: {
  readonly action: string
  readonly csrfToken: string
  readonly fields?: Readonly<Record<string, string>>
  readonly class?: string
  readonly children: ComponentChildren
}) {
  return (
    <form method="post" action={props.action} class={props.class}>
      <input type="hidden" name="csrf" value={props.csrfToken} />
      {Object.entries(props.fields ?? {}).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {props.children}
    </form>
  )
}

export interface Notice {
  readonly tone: 'info' | 'good' | 'warn' | 'bad'
  readonly text: string
  /** For the help desk; shown with failures only. */
  readonly requestId?: string
  /** The failure's stable code. */
  readonly code?: string
}

export function NoticeBox({ notice }: { readonly notice: Notice }) {
  return (
    <div class={`notice ${notice.tone}`} role={notice.tone === 'bad' ? 'alert' : 'status'}>
      <p>{notice.text}</p>
      <Reference {...notice} />
    </div>
  )
}

/** What to quote when asking for help with a failure. */
export function Reference({ code, requestId }: Pick<Notice, 'code' | 'requestId'>) {
  if (requestId === undefined) return null
  return (
    <p class="request-id">
      {code === undefined ? null : (
        <>
          <code>{code}</code>{' '}
        </>
      )}
      Request <code>{requestId}</code>
    </p>
  )
}

/** Letting a program act, or not: the field `decision` is `approve` or `deny`. */
export function Decision() {
  return (
    <div class="actions">
      <button class="primary" name="decision" value="approve">
        Approve
      </button>
      <button name="decision" value="deny">
        Deny
      </button>
    </div>
  )
}
