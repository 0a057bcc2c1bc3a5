// Small helpers that the other modules share: words of the page, elements, requests, "mount once".

/** The words in the language of the page; see components/texts.html. */
export const texts = () => document.getElementById("texts")?.dataset ?? {}

/** The word with one value put in for %s. */
export const say = (key, value = "") => (texts()[key] ?? "").replace("%s", () => value)

export const csrf = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? ""

/** An element with attributes (true and false set or leave them), properties starting with "on", and children. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value)
    else if (value === true) node.setAttribute(name, "")
    else if (value !== false && value != null) node.setAttribute(name, value)
  }
  node.append(...children.flat().filter((child) => child != null && child !== false))
  return node
}

/** An icon of the sprite. */
export function icon(name, size = "s") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use")
  svg.setAttribute("class", `i ${size}`)
  svg.setAttribute("aria-hidden", "true")
  use.setAttribute("href", `${texts().sprite}#${name}`)
  svg.append(use)
  return svg
}

/** Whether the person is writing, so that single letters are not commands. A field of a dialog that closed keeps the focus for a frame. */
export const typing = (event) => event.target.closest?.("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable=true]")?.checkVisibility() ?? false

/** Elements under root (root included) that match and were not given to this registry before. */
export function fresh(root, selector, seen) {
  const found = [...root.querySelectorAll(selector)]
  if (root instanceof Element && root.matches(selector)) found.unshift(root)
  return found.filter((node) => !seen.has(node) && seen.add(node))
}

/** POST a form; resolves to the response, or null when the server can't be reached. */
export async function post(url, data) {
  const headers = { "X-CSRFToken": csrf(), "HX-Request": "true", "X-Requested-With": "XMLHttpRequest" }
  try {
    return await fetch(url, { method: "POST", body: new URLSearchParams(data), headers, signal: AbortSignal.timeout(30000) })
  } catch {
    return null
  }
}

/** Replace the elements of the page that have the ids of the elements in the HTML. */
export function swapById(html) {
  const template = document.createElement("template")
  template.innerHTML = html
  for (const node of [...template.content.children]) {
    const old = node.id && document.getElementById(node.id)
    if (!old) continue
    old.replaceWith(node)
    window.htmx?.process(node)
    node.dispatchEvent(new CustomEvent("crm:mount", { bubbles: true }))
  }
}

/** Wait until calls pause. */
export function debounce(fn, ms) {
  let timer
  return (...args) => {
    clearTimeout(timer)
    timer = setTimeout(() => fn(...args), ms)
  }
}
