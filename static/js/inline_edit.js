// Editing in place: double click, Enter or F2 on [data-edit-url] brings a small form from the server; Esc takes it back.
// The form posts to where it came from; the answer is the cell as it now looks, or the form again with 422.
import { fresh } from "crm/dom"

const seen = new WeakSet()
const before = new WeakMap()

async function edit(cell) {
  if (before.has(cell) || !window.htmx) return
  before.set(cell, cell.innerHTML)
  cell.classList.add("editing")
  await window.htmx.ajax("GET", cell.dataset.editUrl, { target: cell, swap: "innerHTML" })
  const form = cell.querySelector("form")
  if (!form) return done(cell)
  focus(cell)
}

function focus(cell) {
  const form = cell.querySelector("form")
  if (!form.hasAttribute("hx-post")) form.setAttribute("hx-post", cell.dataset.editUrl)
  form.setAttribute("hx-target", "closest [data-edit-url]")
  form.setAttribute("hx-swap", "innerHTML")
  window.htmx.process(form)
  const control = form.querySelector(".is-invalid, input:not([type=hidden]), select, textarea")
  aim(control)
}

/** A list of records is made by another module: wait for it, so that one can type at once. */
function aim(control, tries = 20) {
  if (control?.dataset.remote !== undefined && !control.tomselect && tries) return setTimeout(aim, 50, control, tries - 1)
  const reached = control?.tomselect ?? control
  reached?.focus()
  reached?.select?.()
}

function done(cell) {
  before.delete(cell)
  cell.classList.remove("editing")
  if (cell.hasAttribute("tabindex")) cell.focus()
}

function cancel(cell) {
  if (!before.has(cell)) return
  cell.innerHTML = before.get(cell)
  window.htmx.process(cell)
  done(cell)
}

/** A list says once a row where its cells are edited, and once a column which of them may be. */
function spread(root) {
  for (const row of root.querySelectorAll("tr[data-cells]")) {
    for (const head of row.closest("table").querySelectorAll("th[data-cell]")) {
      row.cells[head.cellIndex].dataset.editUrl ??= `${row.dataset.cells}${head.dataset.cell}/`
    }
  }
}

export function mount(root) {
  spread(root)
  for (const cell of fresh(root, "[data-edit-url]", seen)) {
    cell.addEventListener("dblclick", () => edit(cell))
    cell.addEventListener("crm:edit", () => edit(cell))
    cell.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && before.has(cell)) {
        event.stopPropagation()
        cancel(cell)
      } else if (!before.has(cell) && event.target === cell && (event.key === "Enter" || event.key === "F2")) {
        event.preventDefault()
        event.stopPropagation()
        edit(cell)
      }
    })
    cell.addEventListener("focusout", () => {
      // Leaving an untouched form closes it; a changed one is sent.
      setTimeout(() => {
        const form = cell.querySelector("form")
        if (!form || cell.contains(document.activeElement) || document.querySelector("dialog[open]")) return
        const touched = [...form.elements].some((control) => control.type !== "hidden" && (control.checked !== control.defaultChecked || (control.defaultValue !== undefined && control.value !== control.defaultValue) || [...(control.options ?? [])].some((option) => option.selected !== option.defaultSelected)))
        touched ? form.requestSubmit() : cancel(cell)
      })
    })
  }
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  const cell = event.detail.target
  if (!before.has(cell) || event.detail.requestConfig?.verb === "get") return
  cell.querySelector("form") ? focus(cell) : done(cell)
})
