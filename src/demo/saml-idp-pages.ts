/** The three pages of the demonstration's SAML identity provider. */

export interface Page {
  readonly status: number
  readonly type: 'text/html' | 'text/plain' | 'application/samlmetadata+xml'
  readonly body: string
  /** Of the one script on the page and where its forms may go; absent: no script, forms to the same origin. */
  readonly policy?: { readonly nonce: string; readonly formAction: string }
}

export function signInPage(ticket: string, problem?: string): Page {
  return page(
    problem === undefined ? 200 : 401,
    `<h1>Demo identity provider</h1>
${problem === undefined ? '' : `<p role="alert">${escape(problem)}</p>`}
<form method="post" action="/sign-in">
<input type="hidden" name="ticket" value="${escape(ticket)}">
<p><label>User name<br><input name="username" autocomplete="username" required autofocus></label></p>
<p><label>Password<br><input name="password" type="password" autocomplete="current-password" required></label></p>
<p><button>Sign in</button></p>
</form>`,
  )
}

/** The HTTP-POST binding: a form that sends itself, and a button for browsers without script (SAML Bindings 3.5.4). */
export function postPage(action: string, nonce: string, fields: Readonly<Record<string, string>>): Page {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escape(name)}" value="${escape(value)}">`,
  )
  return {
    ...page(
      200,
      `<form method="post" action="${escape(action)}">${inputs.join('')}<p><button>Continue</button></p></form>
<script nonce="${escape(nonce)}">document.forms[0].submit()</script>`,
    ),
    policy: { nonce, formAction: new URL(action).origin },
  }
}

export function errorPage(problem: string, status = 400): Page {
  return page(status, `<h1>Demo identity provider</h1><p role="alert">${escape(problem)}</p>`)
}

function page(status: number, content: string): Page {
  return {
    status,
    type: 'text/html',
    body: `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Demo identity provider</title><body>${content}</body></html>`,
  }
}

function escape(text: string): string {
  const entities = new Map([
    ['&', '&amp;'],
    ['<', '&lt;'],
    ['>', '&gt;'],
    ['"', '&quot;'],
    ["'", '&#39;'],
  ])
  return text.replace(/[&<>"']/g, (character) => entities.get(character) ?? '')
}
