// Dialogs: the shared one that htmx fills, those a button opens, and the question before something serious.
import { say } from "crm/dom"

const shared = () => document.getElementById("dialog")

/** Ask; resolves to true or false. */
export function ask(question, { more = "", yes = say("continue"), no = say("cancel"), danger = false } = {}) {
  const box = document.getElementById("ask")
  if (!box) return Promise.resolve(window.confirm(question))
  const button = box.querySelector("[data-yes]")
  const details = box.querySelector("[data-more]")
  box.querySelector("#ask-text").textContent = question
  details.textContent = more
  details.hidden = !more
  button.textContent = yes
  box.querySelector("[data-no]").textContent = no
  button.classList.toggle("btn-danger", danger)
  button.classList.toggle("btn-primary", !danger)
  box.returnValue = "no"
  box.showModal()
  button.focus()
  return new Promise((resolve) => box.addEventListener("close", () => resolve(box.returnValue === "yes"), { once: true }))
}

/** Put HTML of our server into the shared dialog and open it. */
export function fill(html) {
  const box = shared()
  box.innerHTML = html
  window.htmx?.process(box)
  box.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))
  open(box)
}

export function open(box) {
  if (!box.open) box.showModal()
  const first = box.querySelector("[data-error-summary], [autofocus], .body input:not([type=hidden]), .body select, .body textarea")
  first?.focus()
}

function close(box) {
  box.close()
  if (box === shared()) box.replaceChildren()
}

export function mount() {}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open-dialog]")
  if (opener) {
    event.preventDefault()
    opener.closest("[popover]")?.hidePopover()
    open(document.getElementById(opener.dataset.openDialog))
  }
  if (event.target.closest("[data-close]")) close(event.target.closest("dialog"))
  // The backdrop belongs to the dialog element itself; half-written forms are not thrown away by a slip.
  if (event.target.matches("dialog[open]") && outside(event) && !event.target.querySelector("form[data-guard]")) close(event.target)
})

function outside({ target, clientX: x, clientY: y }) {
  const box = target.getBoundingClientRect()
  return x < box.left || x > box.right || y < box.top || y > box.bottom
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  const box = shared()
  if (event.detail.target === box) box.childElementCount ? open(box) : close(box)
})
document.body.addEventListener("close-dialog", () => shared()?.open && close(shared()))

// hx-confirm, data-confirm on forms, on their buttons and on links
document.body.addEventListener("htmx:confirm", (event) => {
  if (!event.detail.question) return
  event.preventDefault()
  ask(event.detail.question, { danger: event.detail.elt.hasAttribute("data-danger") }).then((yes) => yes && event.detail.issueRequest(true))
})
document.addEventListener(
  "submit",
  (event) => {
    const asker = event.submitter?.dataset.confirm ? event.submitter : event.target
    if (!asker.dataset?.confirm || asker.dataset.confirmed) return
    event.preventDefault()
    event.stopImmediatePropagation()
    ask(asker.dataset.confirm, { danger: asker.matches(".btn-danger, .is-late, :has(.btn-danger, .is-late)") }).then((yes) => {
      if (!yes) return
      asker.dataset.confirmed = "1"
      event.target.requestSubmit(event.submitter)
      delete asker.dataset.confirmed
    })
  },
  true,
)
