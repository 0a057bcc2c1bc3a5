// Starts every module: the ones each page needs at once, the others when the page has something for them.
import * as dialog from "crm/dialog"
import * as forms from "crm/forms"
import * as keys from "crm/keys"
import * as menu from "crm/menu"
import * as palette from "crm/palette"
import * as toast from "crm/toast"
import { say } from "crm/dom"

const always = [dialog, forms, keys, menu, palette, toast]
const when = {
  "[data-list], [data-sortable]": () => import("crm/list"),
  "[data-edit-url], [data-cells]": () => import("crm/inline_edit"),
  "[data-remote]": () => import("crm/remote_select"),
  "[data-conditions]": () => import("crm/conditions"),
  "[data-order]": () => import("crm/order"),
  "[data-board]": () => import("crm/board"),
  "[data-org]": () => import("crm/org_chart"),
  "[data-chart]": () => import("crm/charts"),
  "[data-drop]": () => import("crm/drop"),
  "[data-bell]": () => import("crm/bell"),
  "[data-mentions]": () => import("crm/mentions"),
  "[data-calls]": () => import("crm/calls"),
  "[data-recipients]": () => import("crm/recipients"),
  "[data-regions]": () => import("crm/address"),
  "textarea[data-rich]": () => import("crm/rich_text"),
  "[data-remember]": () => import("crm/remember"),
  "form[data-rules]": () => import("crm/logic"),
  "form.form-page[data-guard]": () => import("crm/resent"),
  "form[data-forgets]": () => import("crm/kept"),
  "[data-hint]": () => import("crm/hints"),
  "[data-copy], [data-insert]": () => import("crm/copy"),
  "[data-upload]": () => import("crm/upload"),
  "[data-calendar], [data-team]": () => import("crm/calendar"),
  "input[name=latitude][type=hidden]": () => import("crm/check_in"),
}

/** Custom properties and attributes that a template may not write as a style: data-style-var="--w:72%". */
function paint(root) {
  for (const node of root.querySelectorAll("[data-style-var]")) {
    const [name, value] = node.dataset.styleVar.split(":")
    node.style.setProperty(name.trim(), value.trim())
  }
}

/** In a row of tabs that is wider than the window, the one that is open is seen. */
function reveal(root) {
  for (const tab of root.querySelectorAll(".tabs [aria-current=page]")) {
    const row = tab.parentElement
    const hidden = tab.offsetLeft + tab.offsetWidth - row.offsetLeft - row.clientWidth
    if (hidden > row.scrollLeft) row.scrollLeft = hidden + 24
  }
}

function mount(root) {
  paint(root)
  reveal(root.parentElement ?? root)
  for (const module of always) module.mount(root)
  for (const [selector, load] of Object.entries(when)) {
    if (root.matches?.(selector) || root.querySelector(selector)) load().then((module) => module.mount(root))
  }
}

function explain(status) {
  const key = { 403: "denied", 404: "gone", 409: "conflict", 429: "tooMany" }[status] ?? "failed"
  toast.show({ level: "error", text: say(key) })
}

const body = document.body
body.addEventListener("htmx:load", (event) => event.detail.elt !== body && mount(event.detail.elt))
body.addEventListener("crm:mount", (event) => mount(event.target))
body.addEventListener("htmx:responseError", (event) => {
  // An answer may bring its own words as a toast; else the status has some.
  if (!event.detail.xhr.getResponseHeader("HX-Trigger")?.includes("toast")) explain(event.detail.xhr.status)
})
body.addEventListener("htmx:sendError", () => toast.show({ level: "error", text: say("offline") }))
body.addEventListener("htmx:timeout", () => toast.show({ level: "error", text: say("slow") }))
body.addEventListener("htmx:beforeSwap", (event) => {
  // A whole page where a piece was asked for: the session has ended and this is the sign-in page.
  const { xhr, requestConfig, target } = event.detail
  if (target === body || xhr.status >= 400 || !/^\s*<!doctype html/i.test(xhr.responseText ?? "")) return
  event.detail.shouldSwap = false
  if (requestConfig.verb === "get" && !forms.anyDirty()) location.reload()
  else toast.show({ level: "error", text: say("signedOut") })
})
mount(document)
