// The keyboard map beside lists, boards and the palette: g and a letter go somewhere; on a record n notes, t makes a task,
// e edits, s sets a star; in a form s saves. What is offered is written in components/dialogs.html and opens with "?".
import { typing } from "crm/dom"

let going = 0

/** Write into the composer of a record, as a kind of entry when there is one of that name. */
function compose(kinds) {
  const composer = document.getElementById("composer")
  if (!composer) return false
  const choice = kinds.map((kind) => composer.querySelector(`input[name=kind][value="${kind}"]`)).find(Boolean)
  if (choice) choice.click()
  else if (kinds.length) return false
  const text = composer.querySelector("textarea")
  text.scrollIntoView({ block: "nearest" })
  text.focus()
  return true
}

const edit = () => {
  const link = document.querySelector("[data-key-edit]")
  link?.click()
  return Boolean(link)
}

const save = () => {
  const button = document.querySelector("form.form-page [data-submit]")
  button?.click()
  return Boolean(button)
}

const star = () => {
  const button = document.querySelector(".record-head .star")
  button?.click()
  return Boolean(button)
}

const go = (key) => {
  const link = document.querySelector(`#nav a[data-go="${CSS.escape(key)}"]`)
  if (link) location.assign(link.href)
  return Boolean(link)
}

/** The first j on a board goes to its first card; from there on the board takes it. */
const enter = () => {
  const card = document.querySelector("[data-board] .lane-card")
  if (!card || document.activeElement?.closest("[data-board]")) return false
  card.focus()
  return true
}

const KEYS = { j: enter, n: () => compose(["note", "comment"]), t: () => compose(["task"]), e: edit, s: () => save() || star() }

document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], [popover]:popover-open:not(.toasts)")) return
  const key = event.key.toLowerCase()
  const after = Date.now() - going < 1500
  going = 0
  if (after && go(key)) return event.preventDefault()
  if (key === "g") {
    going = Date.now()
    return event.preventDefault()
  }
  // On a list e and the others belong to the row.
  if (event.defaultPrevented || !KEYS[key] || event.repeat) return
  if (KEYS[key]()) event.preventDefault()
})

export function mount() {}
