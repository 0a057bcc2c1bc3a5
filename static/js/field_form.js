// Defining a field: only the settings that its kind has, and beside them the field as people will see it.
import { fresh } from "crm/dom"

const seen = new WeakSet()
// Which settings belong to which need of a kind; what is not named here belongs to every kind.
const ROWS = {
  bounds: ["minimum", "maximum"],
  decimals: ["decimals"],
  length: ["max_length"],
  pattern: ["pattern", "pattern_message_zh", "pattern_message_en"],
  unique: ["unique"],
  search: ["searchable"],
  sort: ["sortable"],
  default: ["default"],
  target: ["target"],
  options: ["lines"],
}

function show(form, has) {
  for (const [need, names] of Object.entries(ROWS))
    for (const name of names) {
      const box = form.querySelector(`.fieldBox.field-${name}, .form-row.field-${name}`)
      if (box) box.hidden = !has.includes(need)
    }
  for (const row of form.querySelectorAll(".form-row")) {
    const boxes = [...row.querySelectorAll(":scope .fieldBox")]
    if (boxes.length) row.hidden = boxes.every((box) => box.hidden)
  }
  const options = form.querySelector("#options-group")
  if (options) options.hidden = !has.includes("options")
}

export function mount(root) {
  for (const place of fresh(root, "[data-field-form]", seen)) {
    const form = place.closest("form")
    const kinds = JSON.parse(document.getElementById("kind-settings").textContent)
    const kind = form.elements.kind
    let waiting, asked
    const preview = async () => {
      asked?.abort()
      asked = new AbortController()
      try {
        const answer = await fetch(place.dataset.fieldForm, { method: "POST", body: new FormData(form), signal: asked.signal })
        if (answer.ok) place.innerHTML = await answer.text()
      } catch (error) {
        if (error.name !== "AbortError") throw error
      }
    }
    const soon = () => {
      clearTimeout(waiting)
      waiting = setTimeout(preview, 250)
    }
    const settle = () => show(form, kinds[kind?.value] ?? [])
    form.addEventListener("input", soon)
    form.addEventListener("change", () => (settle(), soon()))
    settle()
    preview()
  }
}
