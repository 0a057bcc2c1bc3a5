// What was typed into a form and not saved, kept in this browser: offered again after a tab was closed, dropped once it is saved.
// Keys begin with the person: what is another's is dropped as soon as somebody is signed in, everything on the way out.
import { fresh } from "crm/dom"

const PREFIX = "kept:"
const LASTS = 7 * 864e5
const OWN = new Set(["csrfmiddlewaretoken", "add", "add_product", "paste"])

const entries = (form) => [...new FormData(form)].filter(([name, value]) => typeof value === "string" && !OWN.has(name))
/** What the server knew when the page came: which rows there are, in which version. */
const baseOf = (form) => JSON.stringify(entries(form).filter(([name]) => /(^|-)(id|version)$/.test(name)))
const bodyOf = (form) => JSON.stringify(entries(form))

function read(key) {
  const found = JSON.parse(localStorage.getItem(PREFIX + key) ?? "null")
  return found && Date.now() - found.at < LASTS ? found : null
}

/** Only what the person typed lately stays; of nobody nothing. */
function sweep(person) {
  for (const name of Object.keys(localStorage).filter((name) => name.startsWith(PREFIX))) {
    const key = name.slice(PREFIX.length)
    if (!key.startsWith(`${person}:`) || !read(key)) localStorage.removeItem(name)
  }
}

const seen = new WeakSet()
let leaving = false

/** The form that signs a person out. */
export function mount(root) {
  for (const form of fresh(root, "form[data-forgets]", seen)) {
    sweep(form.dataset.forgets)
    form.addEventListener("submit", () => {
      leaving = true
      sweep("")
      sessionStorage.clear()
    })
  }
}

/**
 * Keep the form under `key` while it differs from how it came (`unsaved`: the page itself is what was typed). `offer(rows, drop)`
 * is called where something of an earlier visit was never saved: `rows` are its names and values.
 */
export function keep(form, key, { unsaved, offer }) {
  if (!("localStorage" in window)) return
  const clean = unsaved ? "" : bodyOf(form)
  const base = baseOf(form)
  const before = read(key)
  const drop = () => localStorage.removeItem(PREFIX + key)
  // Sent and known to the server since: saved. Sent and nothing moved: the network lost it.
  const saved = before?.saving && before.base !== base
  const offered = before && !unsaved && !saved && before.body !== clean
  if (offered) offer(JSON.parse(before.body), drop)
  else if (before && !unsaved) drop()
  let timer = 0
  const write = (saving = false) => {
    clearTimeout(timer)
    if (leaving) return
    const body = bodyOf(form)
    if (body !== clean) localStorage.setItem(PREFIX + key, JSON.stringify({ at: Date.now(), base, body, saving }))
    else if (touched && !offered) drop()
  }
  let touched = unsaved
  if (unsaved) write()
  const later = () => {
    touched = true
    leaving = false
    clearTimeout(timer)
    timer = setTimeout(write, 400)
  }
  form.addEventListener("input", later)
  new MutationObserver(later).observe(form, { childList: true, subtree: true })
  form.addEventListener("submit", (event) => touched && write(event.submitter?.name === "leave" || event.submitter?.value === "save" || !event.submitter))
  window.addEventListener("pagehide", () => touched && !form.dataset.sent && write())
}
