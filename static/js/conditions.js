// The condition builder: groups of “all of” and “any of”, each row a field, a comparison and values; kept as JSON in a hidden input.
// <form data-conditions data-fields="json-script-id"><input type="hidden" name="where"><div data-builder></div></form>
import { el, fresh, icon, say } from "crm/dom"

const seen = new WeakSet()
const days = (op) => op.endsWith("_days")

function options(list, chosen) {
  return list.map(([value, label]) => el("option", { value, selected: String(value) === String(chosen) }, label))
}

class Builder {
  constructor(form) {
    this.form = form
    this.input = form.querySelector("input[data-where], input[name=where]")
    this.host = form.querySelector("[data-builder]")
    this.fields = JSON.parse(document.getElementById(form.dataset.fields).textContent)
    this.tree = this.read()
    this.draw()
    // data-keep: the value is sent with the form around it (a rule in the admin); else the list opens with ?where=
    if (!form.hasAttribute("data-keep")) form.addEventListener("submit", (event) => this.apply(event))
  }

  read() {
    try {
      const stored = JSON.parse(this.input.value || "{}")
      const join = "any" in stored ? "any" : "all"
      return { join, items: (stored[join] ?? []).map((item) => this.load(item)) }
    } catch {
      return { join: "all", items: [] }
    }
  }

  load(item) {
    if ("all" in item || "any" in item) {
      const join = "any" in item ? "any" : "all"
      return { join, items: item[join].map((inner) => this.load(inner)) }
    }
    return { field: item.field, op: item.op, value: item.value }
  }

  /** The tree as JSON, without rows that are not filled in. */
  dump(group) {
    const items = group.items.map((item) => (item.items ? this.dump(item) : this.test(item))).filter(Boolean)
    return items.length ? { [group.join]: items } : null
  }

  test({ field, op, value }) {
    const takes = this.operator(field, op)?.arity
    if (takes === undefined) return null
    if (takes === 0) return { field, op }
    const values = [value].flat().filter((v) => v !== "" && v != null)
    if (!values.length || (takes === 2 && values.length < 2)) return null
    return { field, op, value: takes === 1 ? values[0] : values }
  }

  field(name) {
    return this.fields.find((field) => field.name === name)
  }

  operator(name, op) {
    return this.field(name)?.operators.find((operator) => operator.name === op)
  }

  draw(focus) {
    if (!this.tree.items.length && !this.form.hasAttribute("data-keep")) this.tree.items.push(this.blank())
    this.host.replaceChildren(this.group(this.tree, null))
    this.keep()
    if (focus) this.host.querySelector(focus)?.focus()
  }

  keep() {
    const stored = this.dump(this.tree)
    this.input.value = stored ? JSON.stringify(stored) : ""
  }

  blank() {
    const [field] = this.fields
    return { field: field.name, op: field.operators[0].name, value: "" }
  }

  group(group, parent) {
    const join = el("select", { class: "form-select", "aria-label": say("all"), onchange: (event) => ((group.join = event.target.value), this.draw()) }, options([["all", say("all")], ["any", say("any")]], group.join))
    const add = (item) => () => {
      group.items.push(item())
      this.draw()
      ;[...this.host.querySelectorAll(".cond-row select:first-child")].at(-1)?.focus()
    }
    return el(
      "div",
      { class: `cond-group ${group.join}`, role: "group" },
      el("div", { class: "cond-join" }, join, parent && this.remover(group, parent)),
      el("div", { class: "conds" }, group.items.map((item) => (item.items ? this.group(item, group) : this.row(item, group)))),
      el("div", { class: "cond-acts" }, el("button", { type: "button", class: "link", onclick: add(() => this.blank()) }, `+ ${say("addCondition")}`), !parent || parent === this.tree ? el("button", { type: "button", class: "link", onclick: add(() => ({ join: group.join === "all" ? "any" : "all", items: [this.blank()] })) }, `+ ${say("addGroup")}`) : null),
    )
  }

  remover(item, parent) {
    return el("button", { type: "button", class: "close", "aria-label": say("remove"), onclick: () => {
      parent.items.splice(parent.items.indexOf(item), 1)
      this.draw("select")
    } }, icon("x"))
  }

  row(item, parent) {
    const field = this.field(item.field)
    const names = this.fields.map((f) => [f.name, f.label])
    if (!field) names.unshift([item.field, `${item.field} ⚠`])
    const pick = el("select", { class: "form-select", "aria-label": say("field"), onchange: (event) => {
      const next = this.field(event.target.value)
      Object.assign(item, { field: next.name, op: next.operators[0].name, value: "" })
      this.redraw(node, item, parent)
    } }, options(names, item.field))
    const compare = el("select", { class: "form-select", "aria-label": say("operator"), onchange: (event) => {
      const was = this.operator(item.field, item.op)?.arity
      item.op = event.target.value
      if (this.operator(item.field, item.op).arity !== was || days(item.op)) item.value = ""
      this.redraw(node, item, parent)
    } }, options((field?.operators ?? []).map((op) => [op.name, op.label]), item.op))
    const node = el("div", { class: "cond-row" }, pick, compare, el("div", { class: "between" }, field ? this.values(field, item) : null), this.remover(item, parent))
    return node
  }

  redraw(old, item, parent) {
    const at = [...old.children].indexOf(document.activeElement)
    const node = this.row(item, parent)
    old.replaceWith(node)
    node.children[at]?.focus()
    node.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))
    this.keep()
  }

  values(field, item) {
    const takes = this.operator(field.name, item.op)?.arity ?? 1
    const set = (value) => {
      item.value = value
      this.keep()
    }
    const list = [item.value].flat().filter((v) => v != null)
    if (takes === 0) return null
    if (takes === "many") return this.many(field, list, set)
    if (takes === 2) return [this.one(field, item.op, list[0], (v) => set([v, [item.value].flat()[1] ?? ""])), el("span", { class: "muted" }, say("and")), this.one(field, item.op, list[1], (v) => set([[item.value].flat()[0] ?? "", v]))]
    return this.one(field, item.op, list[0], set)
  }

  one(field, op, value, set) {
    const attributes = { class: "form-control", "aria-label": say("value"), oninput: (event) => set(event.target.value) }
    const choices = field.kind === "boolean" ? [["true", say("yes")], ["false", say("no")]] : field.choices
    if (choices) {
      if (value === undefined || value === "") set(choices[0]?.[0])
      return el("select", { ...attributes, class: "form-select", onchange: (event) => set(event.target.value) }, options(choices, value))
    }
    const date = field.kind === "date" || field.kind === "datetime"
    if (days(op)) Object.assign(attributes, { type: "number", min: 0, max: 36500, inputmode: "numeric" })
    else if (date) attributes.type = "date"
    else if (["number", "integer", "money", "percent"].includes(field.kind)) attributes.inputmode = "decimal"
    return el("input", { ...attributes, value: value ?? "" })
  }

  many(field, list, set) {
    if (field.choices) {
      const chosen = new Set(list.map(String))
      return el("div", { class: "pills" }, field.choices.map(([value, label]) => el("label", { class: "chip" }, el("input", { type: "checkbox", checked: chosen.has(String(value)), onchange: (event) => {
        event.target.checked ? chosen.add(String(value)) : chosen.delete(String(value))
        set([...chosen])
      } }), label)))
    }
    if (field.remote) {
      const known = field.labels ?? {}
      return el("select", { class: "form-select", multiple: true, "data-remote": field.remote, "aria-label": say("value"), onchange: (event) => set([...event.target.selectedOptions].map((option) => option.value)) }, list.filter(Boolean).map((id) => el("option", { value: id, selected: true, "data-nameless": !(id in known) }, known[id] ?? `#${id}`)))
    }
    return el("input", { class: "form-control", "aria-label": say("value"), value: list.join(", "), oninput: (event) => set(event.target.value.split(/[,，、;；]/).map((v) => v.trim()).filter(Boolean)) })
  }

  apply(event) {
    this.keep()
    event.preventDefault()
    const url = new URL(this.form.getAttribute("action") || location.href, location.href)
    if (this.input.value) url.searchParams.set("where", this.input.value)
    else url.searchParams.delete("where")
    for (const name of ["page", "after", "before"]) url.searchParams.delete(name)
    location.assign(url)
  }
}

export function mount(root) {
  for (const form of fresh(root, "[data-conditions]", seen)) {
    // No entity is chosen yet: there are no fields to ask about, and the place says so in words.
    if (!document.getElementById(form.dataset.fields)) continue
    const builder = new Builder(form)
    builder.host.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))
    form.closest("form")?.dispatchEvent(new CustomEvent("crm:settled", { bubbles: true }))
  }
}
