// Rows put in order by their handles; the numbers [data-order] in them say it to the server, and do without scripts.
import "vendor/sortable"
import { fresh } from "crm/dom"

const seen = new WeakSet()
const ROWS = "tr.form-row:not(.empty-form)"

function number(body) {
  [...body.querySelectorAll(`${ROWS} [data-order]`)].forEach((input, place) => (input.value = place + Number(input.dataset.order)))
}

function grip(input) {
  const handle = document.createElement("span")
  handle.className = "order-grip"
  handle.textContent = "⠿"
  handle.setAttribute("aria-hidden", "true")
  input.before(handle)
}

export function mount(root) {
  for (const input of fresh(root, "[data-order]", seen)) {
    const body = input.closest("tbody")
    if (!body) continue
    if (!input.closest(".empty-form")) grip(input)
    if (seen.has(body)) continue
    seen.add(body)
    window.Sortable.create(body, { draggable: ROWS, handle: ".order-grip", animation: 140, onEnd: () => number(body) })
    body.addEventListener("keydown", (event) => {
      const row = event.target.closest(ROWS)
      const next = { ArrowUp: row?.previousElementSibling, ArrowDown: row?.nextElementSibling }[event.key]
      if (!event.altKey || !next?.matches(ROWS)) return
      event.preventDefault()
      event.key === "ArrowUp" ? next.before(row) : next.after(row)
      event.target.focus()
      number(body)
    })
    // A row that was added by hand comes without its grip.
    document.addEventListener("formset:added", ({ target }) => {
      for (const added of target.querySelectorAll?.("[data-order]") ?? []) if (body.contains(added)) grip(added)
    })
  }
}
