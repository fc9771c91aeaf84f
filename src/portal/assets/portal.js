// @ts-check
// What the pages do better with script than without. Every part looks for its own marks and does nothing elsewhere.

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new (...args: never[]) => T} type
 * @param {ParentNode} [within]
 * @returns {T[]}
 */
function all(selector, type, within = document) {
  const found = []
  for (const element of within.querySelectorAll(selector)) if (element instanceof type) found.push(element)
  return found
}

/** Times in the person's own zone; the exact instant stays in the title. */
function localTimes() {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  for (const element of all('time[data-local]', HTMLTimeElement)) {
    element.textContent = format.format(new Date(element.dateTime))
  }
}

/** @param {number} seconds */
function left(seconds) {
  if (seconds <= 0) return 'expired'
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor((seconds % 3600) / 60)
  if (hours > 0) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`
  if (minutes >= 5) return `${minutes} min`
  return `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`
}

/** The server's time; this machine's clock may be wrong, and what expires does so by the server's. */
const ahead = new Date(document.documentElement.dataset['now'] ?? '').getTime() - Date.now()
const serverNow = () => Date.now() + (Number.isFinite(ahead) ? ahead : 0)

/** Counts down every second; takes secrets off the page when their time is over. */
function countdowns() {
  const times = all('time[data-countdown]', HTMLTimeElement)
  const secrets = all('[data-expires]', HTMLElement)
  if (times.length + secrets.length === 0) return
  const tick = () => {
    const now = serverNow()
    for (const element of times) {
      const seconds = (new Date(element.dateTime).getTime() - now) / 1000
      const text = seconds <= 0 ? left(0) : `${left(seconds)} ${element.dataset['countdown'] ?? ''}`.trim()
      if (element.textContent !== text) element.textContent = text
    }
    for (const element of secrets) {
      if (new Date(element.dataset['expires'] ?? '').getTime() > now) continue
      element.remove()
      for (const note of all('[data-expired-note]', HTMLElement)) note.hidden = false
      secrets.splice(secrets.indexOf(element), 1)
    }
  }
  tick()
  setInterval(tick, 1000)
}

/** Search while typing. Words may be found in the group's own text or in the item's. */
function filter() {
  const input = document.querySelector('input[data-filter]')
  if (!(input instanceof HTMLInputElement)) return
  const status = document.querySelector('[data-filter-status]')
  const empty = document.querySelector('[data-filter-empty]')
  const before = status?.textContent ?? ''
  const rows = all('li[data-search]', HTMLElement).map((row) => ({
    row,
    text: `${row.closest('article')?.dataset['search'] ?? ''} ${row.dataset['search'] ?? ''}`.toLowerCase(),
  }))
  const groups = all('[data-group]', HTMLElement)

  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
    let shown = 0
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word))
      if (!row.hidden) shown += 1
    }
    for (const group of groups) group.hidden = group.querySelector('li[data-search]:not([hidden])') === null
    if (status !== null) status.textContent = words.length === 0 ? before : `${shown} of ${before}`
    if (empty instanceof HTMLElement) empty.hidden = shown > 0
  }

  // The server has filtered already when the address carries a search: only a search from scratch is done here.
  if (input.value === '') input.addEventListener('input', apply)
  document.addEventListener('keydown', (event) => {
    const typing =
      event.target instanceof HTMLElement && event.target.closest('input, select, textarea') !== null
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault()
      input.focus()
      input.select()
    }
    if (event.key === 'Escape' && event.target === input && input.value !== '') {
      input.value = ''
      apply()
    }
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') move(event, input)
  })
}

/**
 * Arrows walk from the search box through the roles and back.
 * @param {KeyboardEvent} event
 * @param {HTMLInputElement} input
 */
function move(event, input) {
  const buttons = all('li[data-search]:not([hidden]) button', HTMLButtonElement)
  const stops = [input, ...buttons]
  const row = event.target instanceof Element ? event.target.closest('li[data-search]') : null
  const current = event.target === input ? input : row?.querySelector('button')
  const at = stops.findIndex((stop) => stop === current)
  const next = at < 0 ? undefined : stops[at + (event.key === 'ArrowDown' ? 1 : -1)]
  if (next === undefined) return
  event.preventDefault()
  next.focus()
}

/** Sections become tabs, with the keys that people expect of tabs. */
function tabs() {
  for (const container of all('[data-tabs]', HTMLElement)) {
    const sections = all(':scope > section', HTMLElement, container)
    const list = document.createElement('div')
    list.className = 'tab-list'
    list.setAttribute('role', 'tablist')
    const buttons = sections.map((section, index) => {
      const button = document.createElement('button')
      const heading = section.querySelector('h2')
      button.type = 'button'
      button.id = `tab-${section.id}`
      button.textContent = heading?.textContent ?? ''
      button.setAttribute('role', 'tab')
      button.setAttribute('aria-controls', section.id)
      section.setAttribute('role', 'tabpanel')
      section.setAttribute('aria-labelledby', button.id)
      button.addEventListener('click', () => select(index))
      return button
    })
    /** @param {number} chosen */
    const select = (chosen) => {
      buttons.forEach((button, index) => {
        button.setAttribute('aria-selected', String(index === chosen))
        button.tabIndex = index === chosen ? 0 : -1
      })
      sections.forEach((section, index) => {
        section.hidden = index !== chosen
      })
    }
    list.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      const at = buttons.findIndex((button) => button === document.activeElement)
      if (step === undefined || at < 0) return
      const next = (at + step + buttons.length) % buttons.length
      select(next)
      buttons[next]?.focus()
    })
    list.append(...buttons)
    container.prepend(list)
    container.classList.add('enhanced')
    select(0)
  }
}

function copyButtons() {
  for (const button of all('button[data-copy]', HTMLButtonElement)) {
    const source = document.getElementById(button.dataset['copy'] ?? '')
    if (source === null || !('clipboard' in navigator)) continue
    button.hidden = false
    const label = button.textContent
    /** @param {string} text */
    const say = (text) => {
      button.textContent = text
      setTimeout(() => {
        button.textContent = label
      }, 1600)
    }
    button.addEventListener('click', () => {
      navigator.clipboard.writeText(source.textContent ?? '').then(
        () => say('Copied'),
        () => {
          getSelection()?.selectAllChildren(source)
          say('Selected')
        },
      )
    })
  }
}

/** The menu closes like menus do. */
function menus() {
  const close = () => {
    for (const menu of all('details.menu[open]', HTMLDetailsElement)) menu.open = false
  }
  document.addEventListener('click', (event) => {
    if (event.target instanceof Element && event.target.closest('details.menu') === null) close()
  })
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    const summary = document.querySelector('details.menu[open] > summary')
    close()
    if (summary instanceof HTMLElement) summary.focus()
  })
}

/** One click, one request. The button stays usable when the person comes back. */
function singleSubmit() {
  document.addEventListener('submit', (event) => {
    const button = event instanceof SubmitEvent ? event.submitter : null
    if (!(button instanceof HTMLButtonElement) || event.defaultPrevented) return
    // Disabled within the event, a button would not be sent with its form.
    setTimeout(() => {
      button.disabled = true
    })
    setTimeout(() => {
      button.disabled = false
    }, 4000)
  })
}

function departures() {
  const form = document.querySelector('form[data-submit-at-once]')
  if (form instanceof HTMLFormElement) form.submit()
}

departures()
localTimes()
countdowns()
filter()
tabs()
copyButtons()
menus()
singleSubmit()

// Keys do not wait in the back-forward cache, and a page from there may show somebody who has signed out meanwhile.
addEventListener('pagehide', () => {
  for (const element of all('[data-expires]', HTMLElement)) element.remove()
})
addEventListener('pageshow', (event) => {
  if (event.persisted) location.replace(location.href)
})
