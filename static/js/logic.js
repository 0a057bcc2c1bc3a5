// A form that obeys dynamic rules while somebody types: fields come and go, are asked for, kept, offered less, filled.
// The server judges again when it is saved; see crm/entities/ruled.py. <form data-rules="id of the JSON" data-rules-url data-reshow>
import { debounce, fresh } from "crm/dom"
import { judge, offers } from "crm/logic_eval"

const seen = new WeakSet()
const PASSES = 4
const NUMBERS = ["number", "integer", "money", "percent"]

/** An amount as people write it, as a plain decimal; null where it is none. */
export function decimal(text) {
  const found = /^([+-]?)(\d*)\.?(\d*)\s*([万亿萬億]?)$/.exec(text.replace(/[¥￥$,，\s%元]/g, "").replace(/^(CNY|RMB|USD|EUR)/i, ""))
  if (!found || (!found[2] && !found[3])) return null
  const [, sign, whole, part, unit] = found
  const by = { 万: 4, 萬: 4, 亿: 8, 億: 8 }[unit] ?? 0
  const digits = whole + part.padEnd(by, "0").slice(0, by)
  const rest = part.slice(by)
  return `${sign === "-" ? "-" : ""}${digits.replace(/^0+(?=\d)/, "") || "0"}${rest ? `.${rest}` : ""}`
}

class Rules {
  constructor(form) {
    this.form = form
    this.touched = new Set()
    this.read()
    const again = () => requestAnimationFrame(() => this.apply())
    form.addEventListener("input", ({ target }) => (this.touched.add(target.name), again()))
    form.addEventListener("change", ({ target }) => this.changed(target, again))
    this.apply(true)
  }

  read() {
    this.data = JSON.parse(document.getElementById(this.form.dataset.rules).textContent)
  }

  changed(target, again) {
    this.touched.add(target.name)
    if (target.name && target.name === this.form.dataset.reshow) return this.reshow()
    if (this.data.ask.includes(target.name)) this.ask()
    again()
  }

  /** What hangs on linked records the server knows. */
  ask = debounce(async () => {
    const answer = await fetch(this.form.dataset.rulesUrl, { method: "POST", body: new FormData(this.form) }).catch(() => null)
    if (!answer?.ok) return
    const data = await answer.json()
    if (data.rules) this.data = data
    this.apply()
  }, 80)

  reshow() {
    reshow(this.form)
  }

  controls(name) {
    return [...this.form.querySelectorAll(`[name="${CSS.escape(name)}"], [name^="${CSS.escape(name)}_"]`)].filter((c) => c.name === name || /_\d+$/.test(c.name))
  }

  /** What stands in the form, as the rules compare it. */
  value(name) {
    const kind = this.data.kinds[name]
    const controls = this.controls(name)
    if (!controls.length) return this.data.stored[name] ?? null
    if (kind === "boolean") return controls.some((c) => c.checked)
    if (kind === "multichoice") {
      const chosen = controls.filter((c) => c.checked).map((c) => c.value)
      return chosen.length ? chosen : null
    }
    if (kind === "address") {
      const [province, city, district, street] = controls.map((c) => c.value.trim())
      return `${province}${city === province ? "" : city}${district}${street}` || null
    }
    const text = controls[0].value
    if (NUMBERS.includes(kind)) return decimal(text)
    if (["text", "email", "url", "phone"].includes(kind)) return text.trim()
    return text === "" ? null : text
  }

  values(said) {
    const found = {}
    for (const name of Object.keys(this.data.kinds)) {
      const kept = !this.data.adding && said && (said.hidden.has(name) || said.readonly.has(name))
      found[name] = said?.cleared.has(name) ? null : kept ? (this.data.stored[name] ?? null) : this.value(name)
    }
    return found
  }

  apply(first = false) {
    let said = judge(this.data, this.values(null))
    for (let pass = 1; pass < PASSES; pass++) {
      const filled = this.fill(said)
      const next = judge(this.data, this.values(said))
      const settled = !filled && JSON.stringify([...next.hidden, "|", ...next.readonly]) === JSON.stringify([...said.hidden, "|", ...said.readonly])
      said = next
      if (settled) break
    }
    for (const name of new Set(this.data.rules.flatMap((rule) => rule.names).concat(this.data.narrowings.map((n) => n.field)))) this.show(name, said, first)
    for (const part of this.form.querySelectorAll(".section")) {
      const fields = [...part.querySelectorAll(".form-grid > *")]
      part.classList.toggle("logic-off", fields.length > 0 && fields.every((f) => f.matches(".logic-off") || f.firstElementChild?.matches(".logic-off:only-child")))
    }
  }

  box(name) {
    return document.getElementById(`div_id_${name}`)
  }

  show(name, said, first) {
    const box = this.box(name)
    if (!box) return
    const [hidden, kept] = [said.hidden.has(name), said.readonly.has(name)]
    box.classList.toggle("logic-off", hidden)
    box.classList.toggle("logic-kept", kept)
    for (const control of this.controls(name)) {
      if (control.disabled && !control.dataset.logicOff) continue
      control.disabled = hidden || kept
      control.dataset.logicOff = control.disabled ? "1" : ""
      control.tomselect?.[control.disabled ? "disable" : "enable"]()
    }
    this.star(box, name, said.required.has(name))
    if (name in said.only || name in said.barred || box.dataset.logicLess) this.narrow(box, name, said, first)
  }

  star(box, name, required) {
    const label = box.querySelector("label, legend")
    const star = label?.querySelector(".logic-star")
    for (const control of this.controls(name)) control.toggleAttribute("aria-required", required)
    if (!label || (label.querySelector(".asteriskField") && !star)) {
      const own = label?.querySelector(".asteriskField")
      if (own && this.data.rules.some((r) => r.effect === "required" && r.names.includes(name))) own.hidden = !required
      return
    }
    if (required && !star) label.append(Object.assign(document.createElement("span"), { className: "asteriskField logic-star", textContent: "*" }))
    else if (!required) star?.remove()
  }

  narrow(box, name, said, first) {
    box.dataset.logicLess = "1"
    for (const control of this.controls(name)) {
      if (control.type === "checkbox") {
        const off = !offers(said, name, control.value)
        if (off && !first) control.checked = false
        ;(control.closest(".form-check") ?? control).classList.toggle("logic-off", off && !control.checked)
      } else if (control.options && !control.tomselect) {
        for (const option of control.options) {
          const off = option.value !== "" && !offers(said, name, option.value)
          option.hidden = option.disabled = off && !(first && option.selected)
          if (off && option.selected && !first) control.value = ""
        }
      }
    }
  }

  /** Put defaults into what is empty and was not touched; whether that changed anything. */
  fill(said) {
    let filled = false
    for (const [name, value] of Object.entries(said.defaults)) {
      const [control] = this.controls(name)
      if (!control || said.hidden.has(name) || this.touched.has(name) || value === null || value === "") continue
      if (control.type === "checkbox") continue
      if (control.value !== "" || control.tomselect) continue
      control.value = Array.isArray(value) ? value[0] : String(value).replace(/(T\d\d:\d\d):.*/, "$1")
      filled = control.value !== ""
    }
    return filled
  }
}

/** Draw the form anew with what was typed: another layout belongs to the value that was chosen. */
export async function reshow(form) {
  const body = new FormData(form)
  body.set("reshow", "1")
  const answer = await fetch(form.getAttribute("action") || location.href, { method: "POST", body }).catch(() => null)
  if (!answer?.ok) return
  const page = new DOMParser().parseFromString(await answer.text(), "text/html")
  const parts = page.querySelector("[data-form-parts]")
  const here = form.querySelector("[data-form-parts]")
  if (!parts || !here) return
  here.replaceWith(document.adoptNode(parts))
  seen.delete(form)
  window.htmx?.process(form)
  form.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))
}

export function mount(root) {
  for (const form of fresh(root, "form[data-rules]", seen)) {
    if (!document.getElementById(form.dataset.rules)) {
      form.addEventListener("change", ({ target }) => target.name && target.name === form.dataset.reshow && reshow(form))
    } else if (form.logicRules) {
      form.logicRules.read()
      form.logicRules.apply(true)
    } else {
      form.logicRules = new Rules(form)
    }
  }
}
