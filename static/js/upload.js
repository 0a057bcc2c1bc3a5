// Files on a record: dropped anywhere on their tab or chosen, sent one by one with a bar for each; then the tab is loaded anew.
import { csrf, el, fresh, say } from "crm/dom"
import { show } from "crm/toast"

const seen = new WeakSet()

/** Send one file; resolves to the words of the refusal, or to nothing when it is kept. */
function send(form, file, bar) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest()
    const data = new FormData()
    for (const field of form.querySelectorAll("input[type=hidden]")) data.append(field.name, field.value)
    data.append("file", file, file.name)
    request.upload.addEventListener("progress", (event) => event.lengthComputable && (bar.value = event.loaded / event.total))
    request.addEventListener("load", () => {
      const refused = request.status >= 400
      const words = refused && /^text\/plain/.test(request.getResponseHeader("Content-Type") ?? "") ? request.responseText : ""
      resolve(refused ? words || say({ 403: "denied", 404: "gone" }[request.status] ?? "failed") : "")
    })
    request.addEventListener("error", () => resolve(say("offline")))
    request.open("POST", form.action)
    request.setRequestHeader("X-CSRFToken", csrf())
    request.setRequestHeader("HX-Request", "true")
    request.send(data)
  })
}

async function upload(form, files) {
  if (!files.length || form.dataset.busy) return
  form.dataset.busy = "1"
  const place = form.querySelector("[data-progress]")
  let kept = 0
  for (const file of files) {
    const bar = el("progress", { class: "bar", max: 1, value: 0, "aria-label": file.name })
    const line = el("div", {}, el("span", { class: "small muted ell d-block" }, file.name), bar)
    place.append(line)
    const refused = await send(form, file, bar)
    if (refused) show({ level: "error", text: refused })
    else kept += 1
    line.remove()
  }
  delete form.dataset.busy
  form.reset()
  if (!kept) return
  const tab = document.getElementById("tab")
  if (form.closest("[data-files]") && tab && window.htmx) window.htmx.ajax("GET", location.href, { target: tab, swap: "innerHTML" })
  else location.reload()
}

/** The whole tab takes what is dropped on it. */
function takeDrops(place, form) {
  let inside = 0
  place.addEventListener("dragenter", () => place.classList.toggle("over", ++inside > 0))
  place.addEventListener("dragleave", () => place.classList.toggle("over", --inside > 0))
  place.addEventListener("dragover", (event) => event.preventDefault())
  place.addEventListener("drop", (event) => {
    event.preventDefault()
    inside = 0
    place.classList.remove("over")
    upload(form, [...event.dataTransfer.files])
  })
}

export function mount(root) {
  for (const form of fresh(root, "form[data-upload]", seen)) {
    const input = form.querySelector("input[type=file]")
    input.addEventListener("change", () => upload(form, [...input.files]))
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      upload(form, [...input.files])
    })
    const place = form.closest("[data-files]")
    if (place) takeDrops(place, form)
  }
}
