/** The one page of the demo's OpenID provider. It loads nothing and runs no script. */

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f3f4f6;color:#1f2937}
main{max-width:22rem;margin:12vh auto 0;padding:2rem;background:#fff;border:1px solid #d1d5db;border-radius:.5rem}
h1{font-size:1.25rem;margin:0 0 .25rem}p{margin:0 0 1rem;color:#4b5563}
label{display:block;margin:.75rem 0 .25rem;font-weight:600}
input,button{font:inherit;box-sizing:border-box;width:100%;padding:.5rem .75rem;border-radius:.375rem}
input{border:1px solid #6b7280}button{margin-top:1.25rem;border:0;background:#1d4ed8;color:#fff;font-weight:600}
:focus-visible{outline:3px solid #93c5fd}.wrong{color:#b91c1c}`

/** @param action where the form goes; ours, never from a request. */
export function signInPage(action: string, wrong: boolean): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in · Demo OpenID provider</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>Demo OpenID provider</h1>
<p>It stands in for your organisation's own. The start of the demo printed its people and their passwords.</p>
${wrong ? '<p class="wrong" role="alert">The user name or the password is wrong.</p>' : ''}
<form method="post" action="${action}">
<label for="username">User name</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
`
}

/** @param returnTo the origin to which signing in redirects; browsers apply `form-action` to that redirect too. */
export function pageHeaders(returnTo: string): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      `default-src 'none'; style-src 'unsafe-inline'; form-action 'self' ${returnTo}; ` +
      "frame-ancestors 'none'; base-uri 'none'",
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}
