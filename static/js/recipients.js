// Whom a mail goes to: while somebody types in <input data-recipients="/…/"> the last of the addresses is completed.
// The address answers {"results": [{"name", "address", "hint"}]}.
import { debounce, el, fresh } from "crm/dom"

const seen = new WeakSet()
const LAST = /[^,，;；、]*$/u

class Completion {
  constructor(input) {
    this.input = input
    this.list = el("div", { class: "mention-list", role: "listbox", hidden: true })
    const box = el("div", { class: "recipients" })
    input.replaceWith(box)
    box.append(input, this.list)
    input.setAttribute("aria-haspopup", "listbox")
    const look = debounce(() => this.look(), 200)
    input.addEventListener("input", (event) => !event.isComposing && look())
    input.addEventListener("compositionend", look)
    input.addEventListener("keydown", (event) => this.key(event))
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150))
  }

  words() {
    return LAST.exec(this.input.value)[0].trim()
  }

  async look() {
    const words = this.words()
    if (!words || words.includes(">")) return this.close()
    this.request?.abort()
    this.request = new AbortController()
    const url = new URL(this.input.dataset.recipients, location.href)
    url.searchParams.set("q", words)
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal: this.request.signal }).catch(() => null)
    if (!response?.ok) return
    const { results } = await response.json()
    if (this.words() === words) this.show(results)
  }

  show(results) {
    this.results = results
    this.at = 0
    this.list.replaceChildren(
      ...results.map((person) =>
        el("button", { type: "button", role: "option", tabindex: "-1", onmousedown: (event) => event.preventDefault(), onclick: () => this.choose(person) }, el("span", { class: "ell" }, person.name), el("span", { class: "muted small ell" }, `${person.address}${person.hint ? ` · ${person.hint}` : ""}`)),
      ),
    )
    this.list.hidden = !results.length
    this.mark()
  }

  mark() {
    ;[...this.list.children].forEach((option, index) => option.setAttribute("aria-selected", index === this.at))
  }

  key(event) {
    if (this.list.hidden || event.isComposing) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) this.at = (this.at + step + this.results.length) % this.results.length
    else if (event.key === "Enter" || event.key === "Tab") this.choose(this.results[this.at])
    else if (event.key === "Escape") this.close()
    else return
    event.preventDefault()
    this.mark()
  }

  choose(person) {
    const name = /[,<>"]/.test(person.name) ? `"${person.name.replaceAll('"', "")}"` : person.name
    this.input.value = `${this.input.value.replace(LAST, "").replace(/([,，;；、])\s*$/u, ", ")}${name} <${person.address}>, `
    this.input.dispatchEvent(new Event("input", { bubbles: true }))
    this.close()
    this.input.focus()
  }

  close() {
    this.list.hidden = true
  }
}

export function mount(root) {
  for (const input of fresh(root, "input[data-recipients]", seen)) new Completion(input)
}
