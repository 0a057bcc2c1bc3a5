// <button data-copy="text"> copies; <button data-insert="text" data-into="id"> writes where the cursor stands in that field.
import { fresh } from "crm/dom"
import { show } from "crm/toast"

const seen = new WeakSet()

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
    show({ level: "success", text: button.dataset.copied })
  } catch {
    // Without https a browser gives no clipboard: whoever sees the address copies it.
    prompt(button.getAttribute("aria-label") ?? button.textContent.trim(), button.dataset.copy)
  }
}

function insert(button) {
  const field = document.getElementById(button.dataset.into)
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end")
  field.dispatchEvent(new Event("input", { bubbles: true }))
  field.focus()
}

export function mount(root) {
  for (const button of fresh(root, "[data-copy]", seen)) button.addEventListener("click", () => copy(button))
  for (const button of fresh(root, "[data-insert]", seen)) button.addEventListener("click", () => insert(button))
}
