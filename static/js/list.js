// Lists: choosing rows (also all of them), the bar of verbs for the chosen, j k x Enter, and lists that can be put in order.
import { fresh, say, typing } from "crm/dom"

const seen = new WeakSet()

class List {
  constructor(root) {
    this.root = root
    this.form = root.querySelector("form[data-bulk-bar]") ?? document.getElementById(root.dataset.form)
    this.banner = root.querySelector("[data-all-banner]")
    this.all = false
    this.last = null
    root.addEventListener("change", (event) => this.changed(event))
    root.addEventListener("click", (event) => this.clicked(event))
    root.addEventListener("crm:rows", () => this.show())
    this.form?.addEventListener("formdata", (event) => this.fill(event.formData))
    this.show()
  }

  get boxes() {
    return [...this.root.querySelectorAll("tbody input[name=selected]")]
  }

  get rows() {
    return [...this.root.querySelectorAll("tbody tr[data-id]")]
  }

  /** The chosen ids travel as "selected"; everything as all=1 and the query that the person sees. */
  fill(data) {
    if (!this.all) return
    data.delete("selected")
    data.set("all", "1")
    data.set("query", location.search.slice(1))
  }

  changed({ target }) {
    if (target.matches("[data-pick-page]")) this.boxes.forEach((box) => (box.checked = target.checked))
    else if (!target.matches("input[name=selected]")) return
    this.all = false
    this.show()
  }

  clicked(event) {
    const { target, shiftKey } = event
    // The whole cell is the target of the finger.
    if (target.matches("td.pick")) return target.querySelector("input")?.click()
    if (target.matches("input[name=selected]")) {
      const boxes = this.boxes
      if (shiftKey && this.last) {
        const [from, to] = [boxes.indexOf(this.last), boxes.indexOf(target)].sort((a, b) => a - b)
        boxes.slice(Math.max(from, 0), to + 1).forEach((box) => (box.checked = target.checked))
        this.show()
      }
      this.last = target
    }
    if (target.closest("[data-select-all]")) this.choose(true)
    if (target.closest("[data-select-page]")) this.choose(false)
    if (target.closest("[data-clear]")) {
      this.boxes.forEach((box) => (box.checked = false))
      this.choose(false)
    }
  }

  choose(all) {
    this.all = all
    this.show()
  }

  show() {
    const boxes = this.boxes
    const chosen = boxes.filter((box) => box.checked).length
    const full = chosen > 0 && chosen === boxes.length
    const page = this.root.querySelector("[data-pick-page]")
    if (page) Object.assign(page, { checked: full, indeterminate: chosen > 0 && !full })
    if (this.banner) {
      this.banner.hidden = !full || !this.more(boxes.length)
      for (const part of this.banner.querySelectorAll("[data-when]")) part.hidden = (part.dataset.when === "all") !== this.all
    }
    if (!this.form) return
    this.form.classList.toggle("on", chosen > 0)
    const count = this.form.querySelector("[data-count]")
    if (count) count.textContent = say("selected", this.all ? this.total() : chosen)
  }

  /** Whether there are rows beyond this page: told by data-total, else by a pager that leads somewhere. */
  more(shown) {
    if (this.root.dataset.total) return Number(this.root.dataset.total) > shown
    return this.root.querySelector(".pager [rel=next], .pager [rel=prev]") !== null
  }

  /** The number of all rows as text; a list that counts later shows it in #list-count. */
  total() {
    const { totalText, total } = this.root.dataset
    return totalText ?? (total ? Number(total).toLocaleString() : document.getElementById("list-count")?.textContent.trim())
  }

  /** Go to the next or previous row. */
  step(by) {
    const rows = this.rows
    const at = rows.findIndex((row) => row.classList.contains("at"))
    const row = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + by))]
    if (!row) return
    rows[at]?.classList.remove("at")
    row.classList.add("at")
    row.tabIndex = -1
    row.focus({ preventScroll: true })
    row.scrollIntoView({ block: "nearest" })
  }

  /** Among the cells of the row that can be edited: arrows go, F2 and Enter edit. */
  cell(row, key) {
    const cells = [...row.querySelectorAll("[data-edit-url]")]
    const cell = cells[Math.max(0, cells.indexOf(document.activeElement) + { ArrowRight: 1, ArrowLeft: -1, F2: 0 }[key])] ?? cells.at(-1)
    if (!cell) return
    cell.tabIndex = -1
    cell.focus()
    if (key === "F2") cell.dispatchEvent(new CustomEvent("crm:edit"))
  }

  key(event) {
    const row = this.root.querySelector("tbody tr.at")
    const box = row?.querySelector("input[name=selected]")
    if (event.key === "j") this.step(1)
    else if (event.key === "k") this.step(-1)
    else if (event.key === "x" && box) box.click()
    else if (event.key === "Enter" && row === document.activeElement) location.assign(row.dataset.url)
    else if (event.key === "e" && row) location.assign(`${row.dataset.url}edit/`)
    else if (["ArrowRight", "ArrowLeft", "F2"].includes(event.key) && row) this.cell(row, event.key)
    else return
    event.preventDefault()
  }
}

function order(list) {
  import("vendor/sortable").then(() => window.Sortable.create(list, { handle: ".grip", animation: 130 }))
  list.addEventListener("keydown", (event) => {
    const item = event.target.closest("li")
    if (!event.altKey || !item || !["ArrowUp", "ArrowDown"].includes(event.key)) return
    event.preventDefault()
    const other = event.key === "ArrowUp" ? item.previousElementSibling : item.nextElementSibling
    if (!other) return
    event.key === "ArrowUp" ? other.before(item) : other.after(item)
    event.target.focus()
  })
}

const lists = new Set()
document.addEventListener("keydown", (event) => {
  if (typing(event) || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return
  const list = [...lists].find(({ root }) => root.isConnected)
  list?.key(event)
})

export function mount(root) {
  for (const node of fresh(root, "[data-list]", seen)) lists.add(new List(node))
  fresh(root, "[data-sortable]", seen).forEach(order)
  // Rows that htmx brought belong to a list that is there already.
  if (root instanceof Element) root.closest("[data-list]")?.dispatchEvent(new CustomEvent("crm:rows"))
}
