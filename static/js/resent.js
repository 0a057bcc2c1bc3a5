// What was sent after the session had ended comes back into its form, once its person has signed in again in this tab.
import { fresh } from "crm/dom"

const KEY = "sent"
const seen = new WeakSet()
const person = () => document.querySelector("form[data-forgets]")?.dataset.forgets ?? ""
const typed = (form) => [...form.elements].filter((one) => one.name && !one.matches("[type=hidden], [type=file], [type=password], button, [readonly]"))
const read = (one) => (one.matches("select") ? [...one.selectedOptions].map(({ value, text }) => ({ value, text })) : one.matches("[type=checkbox], [type=radio]") ? one.checked : one.value)

function write(one, said) {
  if (one.tomselect) {
    const { settings } = one.tomselect
    for (const { value, text } of said) one.tomselect.addOption({ [settings.valueField]: value, [settings.labelField]: text })
    one.tomselect.setValue(said.map(({ value }) => value))
  } else if (one.matches("select")) for (const option of one.options) option.selected = said.some(({ value }) => value === option.value)
  else if (one.matches("[type=checkbox], [type=radio]")) one.checked = said
  else one.value = said
  for (const kind of ["input", "change"]) one.dispatchEvent(new Event(kind, { bubbles: true }))
}

function bring(form) {
  const found = JSON.parse(sessionStorage.getItem(KEY) ?? "null")
  sessionStorage.removeItem(KEY)
  if (!found || found.person !== person() || found.path !== location.pathname || !document.referrer.includes("/sign-in/")) return
  for (const one of typed(form)) {
    const kept = found.rows.find(([name, value]) => name === one.name && (value === (one.type === "radio" ? one.value : "")))
    if (kept && JSON.stringify(kept[2]) !== JSON.stringify(read(one))) write(one, kept[2])
  }
}

export function mount(root) {
  for (const form of fresh(root, "form.form-page[data-guard]", seen)) {
    if (!form.closest("dialog")) bring(form)
    form.addEventListener("submit", () => {
      const rows = typed(form).map((one) => [one.name, one.type === "radio" ? one.value : "", read(one)])
      sessionStorage.setItem(KEY, JSON.stringify({ person: person(), path: location.pathname, rows }))
    })
  }
}
