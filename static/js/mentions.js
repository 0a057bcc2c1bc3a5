// Speaking to a colleague: after an @ in <textarea data-mentions="/…/"> their names are offered, by pinyin too.
// The address answers {"results": [{"id", "text", "hint"}]}; who was chosen is sent along as hidden "mentions".
import { debounce, el, fresh } from "crm/dom"

const seen = new WeakSet()
const AT = /(?:^|[\s,，。；;：:!！?？(（])@([^\s@]{0,30})$/u

/** What is being written after an @ before the cursor, or null. */
function asked(area) {
  const found = AT.exec(area.value.slice(0, area.selectionStart))
  return found ? found[1] : null
}

class Offer {
  constructor(area) {
    this.area = area
    this.list = el("div", { class: "mention-list", role: "listbox", hidden: true })
    area.after(this.list)
    area.setAttribute("aria-haspopup", "listbox")
    const look = debounce(() => this.look(), 150)
    area.addEventListener("input", (event) => !event.isComposing && look())
    area.addEventListener("compositionend", look)
    area.addEventListener("keydown", (event) => this.key(event), true)
    area.addEventListener("blur", () => setTimeout(() => this.close(), 150))
  }

  async look() {
    const words = asked(this.area)
    if (words === null) return this.close()
    this.request?.abort()
    this.request = new AbortController()
    const url = new URL(this.area.dataset.mentions, location.href)
    url.searchParams.set("q", words)
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal: this.request.signal }).catch(() => null)
    if (!response?.ok) return
    const { results } = await response.json()
    if (asked(this.area) !== words) return
    this.show(results)
  }

  show(results) {
    this.results = results
    this.at = 0
    this.list.replaceChildren(
      ...results.map((person) =>
        el("button", { type: "button", role: "option", tabindex: "-1", onmousedown: (event) => event.preventDefault(), onclick: () => this.choose(person) }, el("span", { class: "ell" }, person.text), el("span", { class: "muted small" }, person.hint)),
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
    else if ((event.key === "Enter" || event.key === "Tab") && !event.ctrlKey && !event.metaKey) this.choose(this.results[this.at])
    else if (event.key === "Escape") this.close()
    else return
    event.preventDefault()
    event.stopPropagation()
    this.mark()
  }

  choose(person) {
    const { area } = this
    const start = area.selectionStart - asked(area).length
    area.setRangeText(`${person.text} `, start, area.selectionStart, "end")
    area.form.append(el("input", { type: "hidden", name: "mentions", value: person.id }))
    this.close()
    area.focus()
  }

  close() {
    this.list.hidden = true
  }
}

export function mount(root) {
  fresh(root, "textarea[data-mentions]", seen).forEach((area) => new Offer(area))
}
