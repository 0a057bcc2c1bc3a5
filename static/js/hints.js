// Suggestions under a form: <button data-hint data-field data-raw data-shown> puts its value into the field, if that is still empty.
import { fresh } from "crm/dom"

const seen = new WeakSet()

function take(button) {
  const { field, raw, shown } = button.dataset
  const control = button.closest("form")?.elements.namedItem(field)
  if (!control || control instanceof RadioNodeList || control.disabled || control.value) return button.closest(".line")?.remove()
  if (control.tomselect) {
    control.tomselect.addOption({ id: raw, text: shown })
    control.tomselect.addItem(raw)
  } else {
    control.value = raw
    control.dispatchEvent(new Event("input", { bubbles: true }))
    control.dispatchEvent(new Event("change", { bubbles: true }))
  }
  control.closest("details")?.setAttribute("open", "")
  ;(control.tomselect ?? control).focus()
  button.closest(".line")?.remove()
}

export function mount(root) {
  for (const button of fresh(root, "[data-hint]", seen)) button.addEventListener("click", () => take(button))
}
