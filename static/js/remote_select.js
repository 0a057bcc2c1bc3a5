// Choosing a record among many: <select data-remote="/…/choices/"> searches on the server, shows a hint, creates in place.
// The address answers {"results": [{"id", "text", "hint"}], "more": bool, "create_url": "…"}; a record made in the dialog
// comes back as HX-Trigger {"record-created": {"id", "text"}}. Chosen options without a name (data-nameless) are asked for by ?ids=1,2.
import "vendor/tom-select"
import { el, fresh, icon, say } from "crm/dom"

const seen = new WeakSet()
let waiting = null

function address(select, query) {
  const url = new URL(select.dataset.remote, location.href)
  url.searchParams.set("q", query)
  // Fields that narrow the choice: data-depends="account" sends the value of that field of the same form.
  for (const name of (select.dataset.depends ?? "").split(" ").filter(Boolean)) {
    const value = select.form?.elements[name]?.value
    if (value) url.searchParams.set(name, value)
  }
  return url
}

function row(data) {
  return el("div", { class: "opt-row" }, el("span", { class: "ell" }, data.text), data.hint ? el("span", { class: "hint" }, data.hint) : null)
}

function create(control, select, words) {
  const url = new URL(select.dataset.createUrl, location.href)
  url.searchParams.set("name", words)
  url.searchParams.set("in_place", "1")
  control.close()
  control.blur()
  if (!window.htmx || select.closest("dialog")) return window.open(url, "_blank", "noopener")
  waiting = control
  window.htmx.ajax("GET", url.pathname + url.search, { target: "#dialog" })
}

/** Enhance one select or input; returns the Tom Select control. */
export function enhance(select) {
  let asked = null
  const many = select.multiple || select.dataset.many !== undefined
  const control = new window.TomSelect(select, {
    valueField: "id",
    labelField: "text",
    searchField: [],
    sortField: "$order",
    score: () => () => 1,
    maxItems: many ? 200 : 1,
    maxOptions: 100,
    preload: "focus",
    loadThrottle: 160,
    openOnFocus: true,
    closeAfterSelect: true,
    hidePlaceholder: true,
    hideSelected: true,
    placeholder: select.getAttribute("placeholder") ?? say("search"),
    plugins: many ? ["remove_button"] : select.required ? [] : { clear_button: { title: say("clear") } },
    shouldLoad: () => true,
    load(query, done) {
      asked?.abort()
      asked = new AbortController()
      fetch(address(select, query), { headers: { Accept: "application/json" }, signal: asked.signal })
        .then((response) => (response.ok ? response.json() : Promise.reject(response)))
        .then((answer) => {
          this.clearOptions((option) => this.items.includes(String(option.id)))
          if (answer.create_url && !select.dataset.createUrl) select.dataset.createUrl = answer.create_url
          done(answer.results)
        })
        .catch((error) => error.name !== "AbortError" && done())
    },
    render: {
      option: row,
      item: (data) => el("div", {}, data.text ?? ""),
      loading: () => el("div", { class: "opt-note" }, say("loading")),
      no_results: (data) => el("div", { class: "opt-note" }, say("nothing"), select.dataset.createUrl && data.input ? el("button", { type: "button", class: "link", onmousedown: (event) => event.preventDefault(), onclick: () => create(control, select, data.input) }, ` ${say("createNew", data.input)}`) : null),
    },
  })
  if (CSS.supports("anchor-scope", "all")) float(control)
  name(control, select)
  if (many) afresh(control)
  control.on("type", (words) => footer(control, select, words))
  return control
}

/** Among several what was typed for one is not the beginning of the next; the list gives way to what lies below it. */
function afresh(control) {
  let stale = false
  control.on("item_add", () => {
    control.setTextboxValue("")
    control.lastValue = ""
    stale = true
  })
  control.on("dropdown_open", () => {
    if (stale && !control.inputValue()) control.load("")
    stale = false
  })
}

/** Put the names to options of which the page knew only the id. */
async function name(control, select) {
  const ids = [...select.querySelectorAll("option[data-nameless]")].map((option) => option.value)
  if (!ids.length) return
  const url = address(select, "")
  url.searchParams.set("ids", ids.join(","))
  const response = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null)
  if (!response?.ok) return
  for (const found of (await response.json()).results) {
    if (ids.includes(String(found.id))) control.updateOption(String(found.id), found)
  }
}

/** The list lies above everything, also where it would be cut off by a dialog or a scrolling box. */
function float(control) {
  control.dropdown.popover = "manual"
  control.on("dropdown_open", (dropdown) => dropdown.showPopover())
  control.on("dropdown_close", (dropdown) => dropdown.matches(":popover-open") && dropdown.hidePopover())
}

/** “Create …” under the found ones. */
function footer(control, select, words) {
  control.dropdown.querySelector(".opt-create")?.remove()
  if (!select.dataset.createUrl || !words.trim()) return
  control.dropdown.append(el("button", { type: "button", class: "opt-create", onmousedown: (event) => event.preventDefault(), onclick: () => create(control, select, words.trim()) }, icon("plus"), say("createNew", words.trim())))
}

export function mount(root) {
  fresh(root, "select[data-remote], input[data-remote]", seen).forEach(enhance)
}

document.body.addEventListener("record-created", (event) => {
  const { id, text } = event.detail
  document.body.dispatchEvent(new CustomEvent("close-dialog"))
  if (!waiting || !id) return
  waiting.addOption({ id: String(id), text })
  waiting.addItem(String(id))
  waiting.focus()
  waiting = null
})
