// Writing an expression: checked while one types, with what it gives; fields and functions come in by a click.
import { fresh } from "crm/dom"

const seen = new WeakSet()

function insert(area, text) {
  const { selectionStart: start, selectionEnd: end, value } = area
  const before = value.slice(0, start)
  const gap = before && /[\p{L}\p{N}_\])]$/u.test(before) ? " " : ""
  area.setRangeText(gap + text, start, end, "end")
  area.focus()
  area.dispatchEvent(new Event("input", { bubbles: true }))
}

export function mount(root) {
  for (const place of fresh(root, "[data-formula]", seen)) {
    const form = place.closest("form")
    const area = form.querySelector("[data-expression]")
    const live = place.querySelector("[data-live]")
    const row = area.closest(".form-row") ?? area
    row.after(place)
    let waiting, asked
    const check = async () => {
      asked?.abort()
      asked = new AbortController()
      const body = new FormData()
      for (const name of ["csrfmiddlewaretoken", "expression", "result", "decimals"])
        if (form.elements[name]) body.set(name, form.elements[name].value)
      body.set("entity", place.dataset.entity)
      if (place.dataset.rules) body.set("rules", "1")
      try {
        const answer = await fetch(place.dataset.formula, { method: "POST", body, signal: asked.signal })
        if (answer.ok) live.innerHTML = await answer.text()
      } catch (error) {
        if (error.name !== "AbortError") throw error
      }
    }
    const soon = () => {
      clearTimeout(waiting)
      waiting = setTimeout(check, 250)
    }
    area.addEventListener("input", soon)
    form.elements.result?.addEventListener("change", soon)
    form.elements.decimals?.addEventListener("input", soon)
    place.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-insert]")
      if (chip) insert(area, chip.dataset.insert)
    })
    if (area.value) check()
  }
}
