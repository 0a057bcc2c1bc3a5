// Short messages at the bottom: from the page (Django messages), from HX-Trigger {"toast": {"text", "level", "undo_url"}}, or from a module.
import { fresh } from "crm/dom"

const seen = new WeakSet()
const host = () => document.getElementById("toasts")

/** Show a message; errors stay until closed, the rest goes after a while. */
export function show({ text, level = "success", undo_url: undo = "" }) {
  const template = document.getElementById("toast-template")
  if (!text || !host() || !template) return
  const note = template.content.firstElementChild.cloneNode(true)
  note.dataset.toast = level
  note.classList.toggle("is-late", level === "error")
  note.querySelector(".grow").textContent = text
  if (undo.startsWith("/") && !undo.startsWith("//")) {
    const form = note.querySelector("form")
    form.action = undo
    form.hidden = false
  }
  host().append(note)
  mount(host())
}

/** Show the toast that a response carries in its HX-Trigger header, if any. */
export function fromResponse(response) {
  try {
    const { toast } = JSON.parse(response.headers.get("HX-Trigger") ?? "{}")
    if (toast) show(toast)
    return Boolean(toast)
  } catch {
    return false
  }
}

function raise() {
  // In the top layer, above an open dialog.
  const box = host()
  if (!box.showPopover) return
  box.popover = "manual"
  if (box.matches(":popover-open")) box.hidePopover()
  box.showPopover()
}

function keep(note) {
  const error = note.dataset.toast === "error"
  const time = error ? 0 : note.querySelector("form:not([hidden])") ? 12000 : 6000
  let timer
  const start = () => time && (timer = setTimeout(() => note.remove(), time))
  const stop = () => clearTimeout(timer)
  for (const name of ["pointerenter", "focusin"]) note.addEventListener(name, stop)
  for (const name of ["pointerleave", "focusout"]) note.addEventListener(name, start)
  note.querySelector("[data-dismiss]")?.addEventListener("click", () => note.remove())
  start()
}

export function mount() {
  if (!host()) return
  const notes = fresh(host(), "[data-toast]", seen)
  notes.forEach(keep)
  if (notes.length) raise()
}

document.body.addEventListener("toast", (event) => show(event.detail))
