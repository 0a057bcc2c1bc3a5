// The call that rings: asked for every few seconds while somebody looks, until the server says that nobody ever rings here.
import { csrf, fresh } from "crm/dom"

const EVERY = 5_000
const QUIET = 10 * 60_000
const seen = new WeakSet()

class Calls {
  constructor(place) {
    this.place = place
    this.said = ""
    if (Date.now() < Number(sessionStorage.getItem("calls-quiet-until") ?? 0)) return
    this.timer = setInterval(() => this.ask(), EVERY)
    this.ask()
    place.addEventListener("submit", (event) => this.close(event))
  }

  async ask() {
    if (document.visibilityState !== "visible" || !this.place.isConnected) return
    const response = await fetch(this.place.dataset.calls, { headers: { "HX-Request": "true" } }).catch(() => null)
    if (!response) return
    if (response.status === 286 || response.status === 403 || response.redirected) {
      clearInterval(this.timer)
      sessionStorage.setItem("calls-quiet-until", Date.now() + QUIET)
      return
    }
    const html = response.status === 200 ? await response.text() : ""
    if (html === this.said) return
    this.said = html
    this.place.innerHTML = html
  }

  async close(event) {
    event.preventDefault()
    const form = event.target
    form.closest(".calling").remove()
    await fetch(form.action, { method: "POST", headers: { "X-CSRFToken": csrf() } }).catch(() => null)
  }
}

export function mount(root) {
  for (const place of fresh(root, "[data-calls]", seen)) new Calls(place)
}
