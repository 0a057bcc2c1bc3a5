// Checking in: <form> with latitude and longitude asks the browser where it is, after the person said yes. Without it the form goes as it is.
import { fresh } from "crm/dom"

const seen = new WeakSet()
const PATIENCE = 8000

export function mount(root) {
  for (const field of fresh(root, "input[name=latitude][type=hidden]", seen)) {
    const form = field.form
    let asked = false
    form?.addEventListener("submit", (event) => {
      if (asked || !navigator.geolocation || !window.isSecureContext) return
      event.preventDefault()
      event.stopImmediatePropagation()
      asked = true
      const go = () => form.requestSubmit()
      navigator.geolocation.getCurrentPosition(({ coords }) => {
        field.value = coords.latitude.toFixed(6)
        form.elements.longitude.value = coords.longitude.toFixed(6)
        go()
      }, go, { timeout: PATIENCE, maximumAge: 60_000 })
    }, true)
  }
}
