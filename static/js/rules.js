// The rule editor: steps are added, moved and nested here; every value stays an ordinary form field. See crm/workflows/editor.py.
import "vendor/sortable"

let made = 0
const mounted = (node) => node.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))

async function fetched(url, params) {
  const response = await fetch(`${url}?${new URLSearchParams(params)}`, { headers: { "X-Requested-With": "XMLHttpRequest" } })
  if (!response.ok) return null
  const template = document.createElement("template")
  template.innerHTML = (await response.text()).trim()
  return [...template.content.children].find((node) => node.tagName !== "SCRIPT")
}

/** The order and nesting of the steps, as the server reads it. */
function tree(list) {
  return [...list.querySelector(":scope > [data-sortable]").children].map((item) => {
    const node = { id: item.dataset.step }
    for (const inner of item.querySelectorAll(":scope > .rule-branch > [data-steps]")) node[inner.dataset.branch] = tree(inner)
    return node
  })
}

class Editor {
  constructor(form) {
    this.form = form
    this.dirty = false
    form.addEventListener("submit", () => this.keep())
    form.addEventListener("change", (event) => this.changed(event))
    form.addEventListener("input", () => (this.dirty = true))
    form.addEventListener("click", (event) => this.clicked(event))
    addEventListener("beforeunload", (event) => this.dirty && event.preventDefault())
    this.sortable(form)
  }

  keep() {
    this.dirty = false
    this.form.elements.tree.value = JSON.stringify(tree(this.form.querySelector("[data-steps]")))
  }

  sortable(root) {
    for (const list of root.querySelectorAll("[data-sortable]")) {
      window.Sortable.create(list, { group: "steps", handle: "[data-grip]", animation: 120, onEnd: () => (this.dirty = true) })
    }
  }

  changed(event) {
    const at = event.target
    if (at.matches("[data-reload]")) this.reload()
    else if (at.matches("[data-add]") && at.value) this.add(at)
    else if (at.matches("[data-add-field]") && at.value) this.addField(at)
  }

  async reload() {
    const data = [...new FormData(this.form)].filter(([name]) => name.startsWith("trigger-"))
    const part = await fetched(this.form.dataset.triggerUrl, data)
    if (!part) return
    const focus = document.activeElement?.name
    this.form.querySelector("[data-trigger]").replaceWith(part)
    mounted(part)
    part.querySelector(`[name="${focus}"]`)?.focus()
  }

  async add(select) {
    const [kind, which] = select.value.split(/:(.*)/)
    select.value = ""
    const params = { do: kind, id: `n${Date.now().toString(36)}${made++}` }
    if (kind === "effect") params.effect = which
    if (kind === "wait") params.for = which
    const step = await fetched(this.form.dataset.stepUrl, params)
    if (!step) return
    select.closest("[data-steps]").querySelector(":scope > [data-sortable]").append(step)
    this.dirty = true
    this.sortable(step)
    mounted(step)
    step.querySelector("select:not([data-add]), input:not([type=hidden])")?.focus()
  }

  async addField(select) {
    const step = select.closest("[data-step]")
    const option = select.selectedOptions[0]
    const part = await fetched(this.form.dataset.fieldUrl, { id: step.dataset.step, name: option.value })
    select.value = ""
    if (!part) return
    option.disabled = true
    step.querySelector("[data-params]").append(part)
    mounted(part)
    part.querySelector("input:not([type=hidden]), select, textarea")?.focus()
  }

  clicked(event) {
    const button = event.target.closest("button[type=button]")
    if (!button) return
    const item = button.closest("[data-step]")
    if (button.matches("[data-remove]")) item.remove()
    else if (button.matches("[data-up]")) item.previousElementSibling?.before(item)
    else if (button.matches("[data-down]")) item.nextElementSibling?.after(item)
    else if (button.matches("[data-remove-field]")) this.removeField(button.closest(".rule-param"), item)
    else return
    this.dirty = true
    if (button.isConnected) button.focus()
  }

  removeField(part, step) {
    const name = part.querySelector("input[type=hidden]").value
    const option = [...(step.querySelector("[data-add-field]")?.options ?? [])].find((one) => one.value === name)
    if (option) option.disabled = false
    part.remove()
  }
}

for (const form of document.querySelectorAll("[data-rule]")) new Editor(form)
