/** A page that says one thing: a failure, or the end of something. */
import { Reference } from './forms.js'
import { Layout, type Frame } from './layout.js'
import { Mark } from './icons.js'

export interface Message {
  readonly title: string
  readonly text: string
  readonly requestId?: string
  /** The failure's stable code. */
  readonly code?: string
  /** Where to go from here. */
  readonly action?: { readonly to: string; readonly text: string }
}

export function MessagePage({ frame, message }: { readonly frame: Frame; readonly message: Message }) {
  return (
    <Layout frame={frame} title={message.title} narrow>
      <section class="message card">
        {frame.bar === undefined ? <Mark /> : null}
        <h1>{message.title}</h1>
        <p>{message.text}</p>
        {message.action === undefined ? null : (
          <p>
            <a class="button primary" href={message.action.to}>
              {message.action.text}
            </a>
          </p>
        )}
        <Reference {...message} />
      </section>
    </Layout>
  )
}
