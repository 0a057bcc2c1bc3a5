// A place for files: shows what is dragged over it and what was chosen.
import { fresh } from "crm/dom"

const seen = new WeakSet()

function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function mount(root) {
  for (const place of fresh(root, "[data-drop]", seen)) {
    const input = place.querySelector("input[type=file]")
    const label = place.querySelector("[data-file]")
    for (const name of ["dragenter", "dragover"]) place.addEventListener(name, () => place.classList.add("over"))
    for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => place.classList.remove("over"))
    input.addEventListener("change", () => {
      const files = [...input.files]
      if (files.length) label.textContent = files.map((file) => `${file.name} (${size(file.size)})`).join(", ")
    })
  }
}
