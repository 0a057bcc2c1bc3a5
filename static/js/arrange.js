// The layout editor: fields and sections go by drag and by Alt+arrows; the selects and numbers in them say it to the server.
import "vendor/sortable"
import { debounce, fresh } from "crm/dom"

const seen = new WeakSet()

function number(form) {
  const parts = [...form.querySelectorAll(".lay-part")]
  parts.forEach((part, at) => {
    const order = part.querySelector("input[name$='-order']:not([name^='order-'])")
    if (order) order.value = at + 1
    ;[...part.querySelectorAll(".lay-field")].forEach((field, place) => {
      const select = field.querySelector("select[name^='place-']")
      const key = part.dataset.key
      if (![...select.options].some((option) => option.value === key)) select.append(new Option(key, key))
      select.value = key
      field.querySelector("input[name^='order-']").value = place + 1
    })
  })
}

export function mount(root) {
  for (const form of fresh(root, "form[data-arrange]", seen)) {
    form.classList.add("scripted")
    const place = form.querySelector("[data-preview]")
    let asked
    const preview = debounce(async () => {
      asked?.abort()
      asked = new AbortController()
      const answer = await fetch(form.dataset.arrange, { method: "POST", body: new FormData(form), signal: asked.signal }).catch(() => null)
      if (answer?.ok) place.innerHTML = await answer.text()
    }, 200)
    const settle = () => (number(form), preview())
    const drag = (list) => window.Sortable.create(list, { group: "fields", draggable: ".lay-field", animation: 140, onEnd: settle })
    form.querySelectorAll("[data-fields]").forEach(drag)
    window.Sortable.create(form.querySelector("[data-parts]"), { draggable: ".lay-part", handle: "header > .order-grip", animation: 140, onEnd: settle })
    form.addEventListener("input", ({ target }) => target.name && preview())
    form.addEventListener("keydown", (event) => {
      const field = event.target.closest(".lay-field")
      if (!field || event.target !== field || !event.altKey) return
      const lists = [...form.querySelectorAll("[data-fields]")]
      const list = field.parentElement
      const to = { ArrowUp: lists[lists.indexOf(list) - 1], ArrowDown: lists[lists.indexOf(list) + 1] }[event.key]
      if (to) to.append(field)
      else if (event.key === "ArrowLeft") field.previousElementSibling?.before(field)
      else if (event.key === "ArrowRight") field.nextElementSibling?.after(field)
      else return
      event.preventDefault()
      field.focus()
      settle()
    })
    form.querySelector("[data-add-part]")?.addEventListener("click", () => {
      const spare = form.querySelector(".lay-part.spare") ?? form.querySelector("[data-parts] .lay-part:last-child")
      const added = spare.cloneNode(true)
      const taken = new Set([...form.querySelectorAll("input[name=part]")].map((input) => input.value))
      let at = 1
      while (taken.has(`s${at}`)) at += 1
      const old = spare.dataset.key
      added.dataset.key = `s${at}`
      added.querySelector("input[name=part]").value = `s${at}`
      added.querySelector("[data-fields]").replaceChildren()
      for (const input of added.querySelectorAll("[name]")) {
        input.name = input.name.replace(`part-${old}-`, `part-s${at}-`)
        if (input.classList.contains("vTextField")) input.value = ""
      }
      form.querySelector("[data-parts]").append(added)
      drag(added.querySelector("[data-fields]"))
      number(form)
      added.querySelector(".vTextField")?.focus()
    })
    number(form)
  }
}
