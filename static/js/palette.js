// Search and commands: "/" or Ctrl K opens, typing asks the server, arrows choose, Enter opens; "c" creates, "?" lists the keys.
import { debounce, typing } from "crm/dom"

const box = document.getElementById("palette")
const input = box?.querySelector("input")
const results = box?.querySelector("[data-results]")
const nothing = box?.querySelector("[data-nothing]")
const commands = box?.querySelector("[data-commands]")
let asked = null

const options = () => [...box.querySelectorAll("[role=option]")].filter((option) => !option.hidden)

function choose(option) {
  for (const other of box.querySelectorAll("[aria-selected=true]")) other.removeAttribute("aria-selected")
  option?.setAttribute("aria-selected", "true")
  option?.scrollIntoView({ block: "nearest" })
  if (option && !option.id) option.id = `option-${options().indexOf(option)}`
  if (option) input.setAttribute("aria-activedescendant", option.id)
  else input.removeAttribute("aria-activedescendant")
}

/** Pages and commands that contain the words, and only the headings that still have something under them. */
function narrow(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean)
  for (const option of box.querySelectorAll("[data-commands] [role=option]")) {
    const text = option.textContent.toLowerCase()
    option.hidden = !wanted.every((word) => text.includes(word))
  }
  for (const head of box.querySelectorAll("[data-commands] .head")) {
    let next = head.nextElementSibling
    while (next && next.hidden && next.matches("[role=option]")) next = next.nextElementSibling
    head.hidden = !next?.matches("[role=option]")
  }
}

function settle() {
  const all = options()
  nothing.hidden = all.length > 0
  choose(all[0])
}

const search = debounce(async () => {
  const words = input.value.trim()
  asked?.abort()
  asked = new AbortController()
  if (!words) return results.replaceChildren()
  try {
    const response = await fetch(`/search/?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true", "HX-Target": "palette-found" }, signal: asked.signal })
    if (response.ok && input.value.trim() === words) results.innerHTML = await response.text()
  } catch (error) {
    if (error.name === "AbortError") return
    results.replaceChildren()
  }
  settle()
}, 110)

/** Pages and commands come when the palette is first opened; without an answer the search still works, and the next time asks again. */
async function fill() {
  const url = commands.dataset.commands
  if (!url) return
  commands.dataset.commands = ""
  try {
    const response = await fetch(url, { headers: { "HX-Request": "true" } })
    if (!response.ok) throw new Error(response.statusText)
    commands.innerHTML = await response.text()
  } catch {
    commands.dataset.commands = url
  }
  narrow(input.value)
  settle()
}

export function open() {
  if (!box || box.open) return
  box.showModal()
  input.focus()
  input.select()
  narrow(input.value)
  if (!commands.dataset.commands) settle()
  fill()
}

function move(event) {
  if (event.isComposing) return
  const all = options()
  const at = all.findIndex((option) => option.ariaSelected === "true")
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + 8, all.length - 1), PageUp: Math.max(at - 8, 0) }[event.key]
  if (to !== undefined && all.length) {
    event.preventDefault()
    choose(all.at(to % all.length))
  } else if (event.key === "Enter" && all[at]) {
    event.preventDefault()
    if (event.ctrlKey || event.metaKey) window.open(all[at].href, "_blank", "noopener")
    else all[at].click()
  }
}

function shortcut(event) {
  const key = event.key.toLowerCase()
  if ((event.ctrlKey || event.metaKey) && key === "k") {
    event.preventDefault()
    return box.open ? box.close() : open()
  }
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], [popover]:popover-open:not(.toasts)")) return
  const act = { "/": open, c: () => document.getElementById("create-menu")?.showPopover({ source: document.querySelector("[data-create]") }), "?": () => document.getElementById("shortcuts")?.showModal() }[key]
  if (!act) return
  event.preventDefault()
  act()
}

export function mount() {}

if (box) {
  document.addEventListener("keydown", shortcut)
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-open-palette]") || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    open()
  })
  input.addEventListener("keydown", move)
  input.addEventListener("input", () => {
    narrow(input.value)
    settle()
    search()
  })
  box.addEventListener("click", (event) => event.target.closest("[role=option]") && box.close())
}
