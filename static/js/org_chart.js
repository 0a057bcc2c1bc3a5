// The org chart: a person is dragged onto their superior. The server decides; its answer is the chart as it stands then.
// The button on each card opens the same choice as a form: for keyboards, fingers and pages without scripts.
import { fresh, post, say } from "crm/dom"
import { fromResponse, show } from "crm/toast"

const seen = new WeakSet()

async function move(chart, card, under) {
  card.setAttribute("aria-busy", "true")
  const response = await post(card.dataset.lineUrl, { under, version: card.dataset.version, drag: "1" })
  card.removeAttribute("aria-busy")
  if (!response) return show({ level: "error", text: say("offline") })
  if (!fromResponse(response) && !response.ok) show({ level: "error", text: say({ 403: "denied", 404: "gone" }[response.status] ?? "failed") })
  const html = await response.text()
  if (!html.includes('id="org"')) return
  const template = document.createElement("template")
  template.innerHTML = html
  const now = template.content.querySelector("#org")
  chart.replaceWith(now)
  window.htmx?.process(now)
  now.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))
}

export function mount(root) {
  for (const chart of fresh(root, "[data-org]", seen)) {
    let held = null
    const end = () => {
      held = null
      chart.classList.remove("dragging")
      chart.querySelectorAll(".over").forEach((node) => node.classList.remove("over"))
    }
    /** Where the held person may be dropped: not on themselves, nor on somebody below them. */
    const place = (target) => {
      const found = target.closest?.("[data-under]")
      return found && held && found !== held && !held.parentElement.contains(found) ? found : null
    }
    chart.addEventListener("dragstart", (event) => {
      held = event.target.closest?.("[data-line-url]")
      if (!held) return
      event.dataTransfer.setData("text/plain", held.dataset.person)
      event.dataTransfer.effectAllowed = "move"
      chart.classList.add("dragging")
    })
    chart.addEventListener("dragover", (event) => {
      const over = place(event.target)
      chart.querySelectorAll(".over").forEach((node) => node !== over && node.classList.remove("over"))
      if (!over) return
      event.preventDefault()
      over.classList.add("over")
    })
    chart.addEventListener("drop", (event) => {
      const over = place(event.target)
      if (!over) return
      event.preventDefault()
      const card = held
      end()
      move(chart, card, over.dataset.under)
    })
    chart.addEventListener("dragend", end)
  }
}
