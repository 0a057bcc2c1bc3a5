// The line editor: rows by keyboard, products by search, cells from a spreadsheet, sums from the server while one types.
// Without it the same page works as a plain form.
import "vendor/sortable"
import { csrf, el, post, say, swapById } from "crm/dom"
import { keep } from "crm/kept"

const form = document.querySelector("form[data-lines]")
const body = form.querySelector("#lines-body")
const gone = form.querySelector("[data-gone]")
const find = form.querySelector("[data-find]")
const found = form.querySelector("#lines-found")
const chosen = form.elements.add_product
const rows = () => [...body.querySelectorAll("[data-line]")]
const cell = (row, name) => row?.querySelector(`[data-cell="${name}"]`)
let timer = 0
let turn = 0

/** The form as it stands, for one thing to do with it. */
function data(action, more = {}) {
  const values = new URLSearchParams(new FormData(form))
  if (action !== "add") values.delete("add")
  if (action !== "paste") values.delete("paste")
  values.set("do", action)
  for (const [name, value] of Object.entries(more)) values.set(name, value)
  return values
}

/** Ask the server; new rows come at the end, sums and reasons anew. An answer that was overtaken adds no sums. */
async function ask(action, more) {
  const mine = ++turn
  const response = await post(form.action, data(action, more))
  if (!response?.ok) return []
  const html = await response.text()
  const template = document.createElement("template")
  template.innerHTML = html
  const made = [...(template.content.querySelector("template[data-made]")?.content.querySelectorAll("[data-line]") ?? [])]
  body.append(...made)
  if (mine === turn) swapById(html)
  if (made.length && mine !== turn) later()
  return made
}

function later() {
  clearTimeout(timer)
  timer = setTimeout(() => ask("reckon"), 350)
}

async function add(action, more) {
  const made = await ask(action, more)
  if (action === "add" && !made.length) return find.setCustomValidity(say("nothing")), find.reportValidity(), made
  if (action !== "blank") find.value = chosen.value = ""
  close()
  cell(made[0], action === "blank" ? "name" : "quantity")?.select()
  return made
}

function remove(row) {
  const pk = row.querySelector('[name$="-id"]').value
  const version = row.querySelector('[name$="-version"]').value
  if (pk) gone.append(el("input", { type: "hidden", name: "gone", value: `${pk}:${version}` }))
  const next = row.nextElementSibling ?? row.previousElementSibling
  row.remove()
  ;(cell(next, "name") ?? find).focus()
  later()
}

/** A second row like it, as a new line. */
function duplicate(row) {
  const old = row.dataset.key
  const key = `n${crypto.getRandomValues(new Uint32Array(2)).join("")}`
  const copy = row.cloneNode(true)
  for (const node of copy.querySelectorAll("*")) {
    for (const name of ["name", "id", "popovertarget"]) {
      const value = node.getAttribute(name)
      if (value?.includes(old)) node.setAttribute(name, value.replaceAll(old, key))
    }
  }
  copy.dataset.key = key
  copy.querySelector('[name="row"]').value = key
  copy.querySelector('[name$="-id"]').value = copy.querySelector('[name$="-version"]').value = ""
  for (const input of row.querySelectorAll("[data-cell]")) cell(copy, input.dataset.cell).value = input.value
  row.after(copy)
  cell(copy, "quantity").select()
  later()
}

function go(row, name) {
  const target = cell(row, name)
  if (!target) return
  target.focus()
  target.select?.()
}

form.addEventListener("keydown", (event) => {
  const input = event.target.closest("[data-cell]")
  if (!input) return
  const row = input.closest("[data-line]")
  const name = input.dataset.cell
  if (event.isComposing) return
  if (event.key === "Enter") {
    event.preventDefault()
    if (row.nextElementSibling) go(row.nextElementSibling, name)
    else find.focus()
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault()
    if (event.key === "ArrowUp") row.previousElementSibling?.before(row)
    else row.nextElementSibling?.after(row)
    input.focus()
    later()
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const next = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling
    if (next) {
      event.preventDefault()
      go(next, name)
    }
  } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "d") {
    event.preventDefault()
    duplicate(row)
  } else if ((event.ctrlKey || event.metaKey) && event.key === "Delete") {
    event.preventDefault()
    remove(row)
  }
})

form.addEventListener("input", (event) => event.target !== find && event.target.name !== "paste" && later())
form.addEventListener("click", (event) => {
  const button = event.target.closest("button")
  const row = button?.closest("[data-line]")
  if (button?.matches("[data-remove]")) {
    event.preventDefault()
    remove(row)
  } else if (button?.matches("[data-offer]")) {
    cell(row, "unit_price").value = button.dataset.offer
    later()
  } else if (button?.matches("[data-do]")) {
    event.preventDefault()
    add(button.dataset.do).then((made) => {
      if (button.dataset.do === "paste" && made.length) form.elements.paste.value = ""
    })
  } else if (button?.matches("[data-reckon]")) {
    event.preventDefault()
    ask("reckon")
  }
})

// Several cells of a spreadsheet are rows, wherever they are pasted.
form.addEventListener("paste", (event) => {
  if (event.target.name === "paste") return
  const text = event.clipboardData?.getData("text/plain") ?? ""
  if (!/[\t]|\n./.test(text.trim())) return
  event.preventDefault()
  add("paste", { paste: text })
})

window.Sortable.create(body, { draggable: "[data-line]", handle: "[data-grip]", animation: 140, onEnd: later })

// The product search: the same suggestions as every link to a product.
let asked = null
let waiting = 0

function close() {
  found.hidden = true
  found.replaceChildren()
  find.setAttribute("aria-expanded", "false")
}

function mark(option) {
  for (const node of found.children) node.setAttribute("aria-selected", String(node === option))
  option?.scrollIntoView({ block: "nearest" })
  if (option) find.setAttribute("aria-activedescendant", option.id)
}

async function suggest() {
  asked?.abort()
  asked = new AbortController()
  const url = new URL(find.dataset.find, location.href)
  url.searchParams.set("q", find.value)
  const response = await fetch(url, { headers: { Accept: "application/json" }, signal: asked.signal }).catch(() => null)
  if (!response?.ok) return
  const { results } = await response.json()
  const options = results.map(({ id, text, hint }) => el("li", { id: `product-${id}`, role: "option", "aria-selected": "false", "data-id": id, onmousedown: (event) => event.preventDefault(), onclick: () => take(id) }, el("span", {}, text), el("span", { class: "muted small" }, hint ?? "")))
  found.replaceChildren(...options)
  found.hidden = !options.length
  find.setAttribute("aria-expanded", String(options.length > 0))
  mark(found.firstElementChild)
}

function take(id) {
  chosen.value = id
  return add("add")
}

find.addEventListener("input", () => {
  find.setCustomValidity("")
  chosen.value = ""
  clearTimeout(waiting)
  waiting = setTimeout(suggest, 160)
})
find.addEventListener("focus", suggest)
find.addEventListener("blur", () => setTimeout(close, 120))
find.addEventListener("keydown", (event) => {
  if (event.isComposing) return
  const now = found.querySelector('[aria-selected="true"]')
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault()
    mark((event.key === "ArrowDown" ? now?.nextElementSibling : now?.previousElementSibling) ?? now)
  } else if (event.key === "Enter") {
    event.preventDefault()
    clearTimeout(waiting)
    if (now && !found.hidden) take(now.dataset.id)
    else if (find.value.trim()) add("add")
  } else if (event.key === "Escape") close()
})

// A tab that was closed before saving loses nothing: the page offers what was typed, the server draws it again.
keep(form, form.dataset.kept, {
  unsaved: "unsaved" in form.dataset,
  offer(rows, drop) {
    const offered = document.querySelector("[data-kept-offer]")
    offered.hidden = false
    offered.querySelector("[data-kept-use]").onclick = () => {
      const again = el("form", { method: "post", action: form.action, hidden: true }, el("input", { name: "csrfmiddlewaretoken", value: csrf() }))
      for (const [name, value] of [...rows.filter(([name]) => name !== "do"), ["do", "reckon"]]) again.append(el("input", { name, value }))
      document.body.append(again)
      again.submit()
    }
    offered.querySelector("[data-kept-drop]").onclick = () => {
      drop()
      offered.remove()
    }
  },
})
