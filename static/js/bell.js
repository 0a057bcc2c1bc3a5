// The bell: its number is asked for now and then while somebody looks, its list when it is opened.
import { fresh } from "crm/dom"

const EVERY = 45_000
const seen = new WeakSet()

export function mount(root) {
  for (const bell of fresh(root, "[data-bell]", seen)) {
    const tick = () => document.visibilityState === "visible" && bell.isConnected && window.htmx?.trigger(bell.querySelector("[data-count]"), "tick")
    setInterval(tick, EVERY)
    document.addEventListener("visibilitychange", tick)
  }
}
