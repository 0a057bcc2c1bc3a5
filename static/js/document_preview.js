// The preview of a document template follows what is typed: the form's own preview button is pressed a moment later.
const place = document.querySelector("[data-preview]")
const button = place?.querySelector("button[formtarget]")
const form = button?.form
let timer = 0

function later() {
  clearTimeout(timer)
  timer = setTimeout(() => form.requestSubmit(button), 1200)
}

form?.addEventListener("input", later)
if (form) later()
