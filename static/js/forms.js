// Forms: unsaved work asks before it goes, mistakes get the focus, one click is one submit, folded parts with mistakes open.
import { ask } from "crm/dialog"
import { fresh, say } from "crm/dom"

const seen = new WeakSet()
const clean = new WeakMap()
let leaving = false

const snapshot = (form) =>
  JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken").map(([name, value]) => [name, value instanceof File ? value.name + value.size : value]))
const guarded = () => [...document.querySelectorAll("form[data-guard]")].filter((form) => clean.has(form))
const dirty = (form) => form.isConnected && !form.dataset.sent && clean.get(form) !== snapshot(form)

/** Whether some form holds work that was not saved. */
export const anyDirty = () => guarded().some(dirty)

function guard(form) {
  // After a refused save the page shows what was typed: nothing of it is saved yet.
  const refused = form.querySelector("[data-error-summary]") !== null
  queueMicrotask(() => clean.set(form, refused ? "" : snapshot(form)))
}

function reveal(control) {
  for (let fold = control?.closest("details:not([open])"); fold; fold = fold.parentElement.closest("details:not([open])")) fold.open = true
}

export function mount(root) {
  fresh(root, "form[data-guard]", seen).forEach(guard)
  for (const wrong of root.querySelectorAll(".is-invalid")) reveal(wrong)
  const summary = fresh(root, "[data-error-summary]", seen)[0]
  summary?.focus({ preventScroll: false })
}

/** Mark a form as saved, so that leaving it asks nothing. */
export const saved = (form) => clean.set(form, snapshot(form))

function free(form) {
  delete form.dataset.sent
  for (const button of form.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy")
}

function busy(form, submitter) {
  form.dataset.sent = "1"
  const button = submitter ?? form.querySelector("[data-submit]")
  // After this turn: the value of the pressed button still belongs to what is sent.
  setTimeout(() => button?.setAttribute("aria-busy", "true"))
}

document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.dataset.sent) return
    event.preventDefault()
    event.stopImmediatePropagation()
  },
  true,
)
document.addEventListener("submit", (event) => {
  const form = event.target
  // What htmx sends is marked when it really goes: a question may come before.
  if (event.defaultPrevented || form.getAttribute("method")?.toLowerCase() !== "post") return
  busy(form, event.submitter)
  // A download answers without leaving the page.
  if (form.hasAttribute("data-download")) setTimeout(() => free(form), 2500)
})
document.body.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("form")) busy(event.target, event.detail.requestConfig.triggeringEvent?.submitter)
})
document.body.addEventListener("htmx:afterRequest", (event) => {
  // Only the form's own request saves it; a field that asks the server something on the way does not.
  const form = event.target
  if (!form.matches?.("form")) return
  free(form)
  if (event.detail.successful && clean.has(form)) saved(form)
})
// A control that tidied up its own value after loading did not change anything.
document.addEventListener("crm:settled", (event) => clean.has(event.target) && saved(event.target))
window.addEventListener("pageshow", (event) => event.persisted && document.querySelectorAll("form[data-sent]").forEach(free))
window.addEventListener("beforeunload", (event) => {
  if (!leaving && anyDirty()) event.preventDefault()
})

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]")
  const summaryLink = link?.closest("[data-error-summary]")
  if (summaryLink) {
    event.preventDefault()
    const field = document.getElementById(decodeURIComponent(link.hash.slice(1)))
    reveal(field)
    const control = field?.tomselect ?? field
    return control?.focus()
  }
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.target === "_blank" || link.hasAttribute("hx-get") || link.getAttribute("href").startsWith("#") || !anyDirty()) return
  event.preventDefault()
  if (!(await ask(say("unsaved"), { more: say("unsavedMore"), yes: say("leave"), no: say("stay"), danger: true }))) return
  leaving = true
  location.assign(link.href)
})

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest?.("form")?.requestSubmit()
})
