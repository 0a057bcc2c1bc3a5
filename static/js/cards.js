// Cards of an administration form: effects and nodes that are added, dragged and removed. Every value stays an ordinary field;
// their order stands in a hidden input [data-order-of]. See crm/approvals/fields.py.
import "vendor/sortable"
import { fresh } from "crm/dom"

const seen = new WeakSet()
let made = 0

async function fetched(url, params) {
  const response = await fetch(`${url}?${new URLSearchParams(params)}`, { headers: { "X-Requested-With": "XMLHttpRequest" } })
  if (!response.ok) return null
  const template = document.createElement("template")
  template.innerHTML = (await response.text()).trim()
  return template.content.firstElementChild
}

const mounted = (node) => node.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))

function order(box) {
  const ids = [...box.querySelectorAll(":scope > [data-list] > [data-card]")].map((card) => card.dataset.card)
  box.querySelector(":scope > [data-order-of]").value = JSON.stringify(ids)
}

/** Show what belongs to the chosen option: [data-when="by=role"] beside select[data-switch="by"]. */
function choose(card) {
  for (const part of card.querySelectorAll("[data-when]")) {
    const [name, value] = part.dataset.when.split("=")
    part.hidden = card.querySelector(`[data-switch="${name}"]`)?.value !== value
  }
}

async function add(box, select) {
  const params = { [select.dataset.add]: select.value, id: `n${Date.now().toString(36)}${made++}` }
  select.value = ""
  const card = await fetched(box.dataset.url, params)
  if (!card) return
  box.querySelector(":scope > [data-list]").append(card)
  choose(card)
  order(box)
  mounted(card)
  card.querySelector("input:not([type=hidden]), select")?.focus()
}

async function addField(box, select) {
  const card = select.closest("[data-card]")
  const option = select.selectedOptions[0]
  const effect = card.querySelector("input[type=hidden]").value
  const part = await fetched(box.dataset.url, { effect, id: card.dataset.card, field: option.value })
  select.value = ""
  if (!part) return
  option.disabled = true
  card.querySelector("[data-params]").append(part)
  mounted(part)
}

function clicked(box, button) {
  const card = button.closest("[data-card]")
  if (button.matches("[data-remove]")) card.remove()
  else if (button.matches("[data-up]")) card.previousElementSibling?.before(card)
  else if (button.matches("[data-down]")) card.nextElementSibling?.after(card)
  else if (button.matches("[data-remove-field]")) {
    const part = button.closest(".rule-param")
    const name = part.querySelector("input[type=hidden]").value
    const option = [...(card.querySelector("[data-add-field]")?.options ?? [])].find((one) => one.value === name)
    if (option) option.disabled = false
    part.remove()
  }
  order(box)
  if (button.isConnected) button.focus()
}

export function mount(root) {
  for (const box of fresh(root, "[data-cards-field]", seen)) {
    box.querySelectorAll("[data-card]").forEach(choose)
    order(box)
    window.Sortable.create(box.querySelector(":scope > [data-list]"), { handle: "[data-grip]", animation: 120, onEnd: () => order(box) })
    box.addEventListener("change", ({ target }) => {
      if (target.matches("[data-add]") && target.value) add(box, target)
      else if (target.matches("[data-add-field]") && target.value) addField(box, target)
      else if (target.matches("[data-switch]")) choose(target.closest("[data-card]"))
    })
    box.addEventListener("click", (event) => {
      const button = event.target.closest("button[type=button]")
      if (button && box.contains(button) && button.closest("[data-card]")) clicked(box, button)
    })
  }
}
