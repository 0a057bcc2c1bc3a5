// Writing a dynamic rule: only the settings that its effect has, and of the options only those of its field.
import { fresh } from "crm/dom"

const seen = new WeakSet()
const ROWS = { chosen: ["options", "offered"], value: ["default"], clear: ["visible"] }
const TOLD = ["invalid", "required", "readonly"]

export function mount(root) {
  for (const place of fresh(root, "[data-logic-form]", seen)) {
    const form = place.closest("form")
    const { target, effect } = form.elements
    const settle = () => {
      for (const [name, effects] of Object.entries(ROWS)) {
        const row = form.querySelector(`.form-row.field-${name}`)
        if (row) row.hidden = !effects.includes(effect.value)
      }
      const told = form.querySelector(".field-message_zh")?.closest("fieldset")
      if (told) told.hidden = !TOLD.includes(effect.value)
      for (const group of form.querySelectorAll("[data-chosen] optgroup")) {
        group.hidden = group.disabled = !group.firstElementChild?.value.startsWith(`${target.value}|`)
      }
    }
    form.addEventListener("change", settle)
    settle()
  }
}
