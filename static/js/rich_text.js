// Rich text: a page to write on above the textarea, which holds the HTML and does without scripts.
import { el, fresh, icon, say } from "crm/dom"

const seen = new WeakSet()
const TOOLS = [
  ["bold", "B"],
  ["italic", "I"],
  ["insertUnorderedList", () => icon("list")],
  ["insertOrderedList", () => icon("list-numbers")],
  ["createLink", () => icon("link")],
  ["removeFormat", () => icon("x")],
]

function page(area) {
  const sheet = el("div", { class: "form-control rich-page rich", contenteditable: "true", role: "textbox", "aria-multiline": "true", "aria-labelledby": `${area.id}-label` })
  sheet.innerHTML = area.value
  const keep = () => {
    area.value = sheet.textContent.trim() ? sheet.innerHTML : ""
    area.dispatchEvent(new Event("input", { bubbles: true }))
  }
  const act = (command) => {
    sheet.focus()
    let value
    if (command === "createLink") {
      value = window.prompt(say("linkAddress"), "https://")
      if (!value || !/^(https?:|mailto:|tel:)/i.test(value)) return
    }
    document.execCommand(command, false, value)
    keep()
  }
  const tools = TOOLS.map(([command, sign]) => el("button", { type: "button", class: "btn btn-sm", "aria-label": say(command), title: say(command), onmousedown: (event) => event.preventDefault(), onclick: () => act(command) }, sign.call ? sign() : sign))
  sheet.addEventListener("input", keep)
  sheet.addEventListener("paste", (event) => {
    event.preventDefault()
    document.execCommand("insertText", false, event.clipboardData.getData("text/plain"))
  })
  return [el("div", { class: "rich-tools", role: "toolbar" }, tools), sheet]
}

export function mount(root) {
  for (const area of fresh(root, "textarea[data-rich]", seen)) {
    const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`)
    if (label) label.id = `${area.id}-label`
    area.before(...page(area))
    area.hidden = true
    label?.addEventListener("click", () => area.previousElementSibling.focus())
  }
}
