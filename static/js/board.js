// The board: cards move by mouse, by Alt ← →, or by a button [data-move-to]. The server decides; a refused card goes back.
// POST data-move-url {to, version}. 2xx: HTML may bring the card and lane heads anew, found by id. 422 with HTML: the form it needs; with X-Dialog: where that is.
import "vendor/sortable"
import { fill } from "crm/dialog"
import { fresh, post, say, swapById } from "crm/dom"
import { fromResponse, show } from "crm/toast"

const seen = new WeakSet()
const lane = (node) => node.closest("[data-lane]")
const cards = (lane) => lane.querySelector("[data-cards]")

function count(from, to) {
  for (const [place, by] of [[from, -1], [to, 1]]) {
    const figure = place.querySelector("[data-lane-count]")
    const number = Number(figure?.textContent.replace(/[,\s]/g, ""))
    if (figure && Number.isFinite(number)) figure.textContent = (number + by).toLocaleString()
  }
}

async function refuse(response, back) {
  back()
  if (!response) return show({ level: "error", text: say("offline") })
  const html = (response.headers.get("Content-Type") ?? "").includes("html")
  const body = await response.text()
  const needed = response.headers.get("X-Dialog")
  if (needed) return window.htmx.ajax("GET", needed, { target: "#dialog", swap: "innerHTML" })
  if (response.status === 422 && html && /<form/i.test(body)) return fill(body)
  if (fromResponse(response)) return
  const plain = !html && body.length < 500 ? body : ""
  show({ level: "error", text: plain || say({ 403: "denied", 404: "gone", 409: "conflict", 429: "tooMany" }[response.status] ?? "failed") })
}

/** Ask the server to move a card that stands in its new place already. */
async function move(card, from, to, back) {
  card.setAttribute("aria-busy", "true")
  const query = card.closest("[data-board]")?.dataset.query ?? ""
  const response = await post(card.dataset.moveUrl + query, { to: to.dataset.lane, version: card.dataset.version ?? "" })
  card.removeAttribute("aria-busy")
  if (!response?.ok) return refuse(response, back)
  count(from, to)
  fromResponse(response)
  const html = await response.text()
  if (html) swapById(html)
  document.body.dispatchEvent(new CustomEvent("counts"))
}

function moveTo(card, to) {
  const from = lane(card)
  const next = card.nextElementSibling
  if (!to || to === from) return
  cards(to).prepend(card)
  card.focus()
  card.scrollIntoView({ block: "nearest", inline: "nearest" })
  move(card, from, to, () => {
    cards(from).insertBefore(card, next)
    card.focus()
  })
}

function drag(place) {
  let next = null
  window.Sortable.create(place, {
    group: "cards",
    draggable: ".lane-card[data-move-url]",
    filter: "a, button, input",
    preventOnFilter: false,
    animation: 140,
    delay: 160,
    delayOnTouchOnly: true,
    scrollSensitivity: 80,
    bubbleScroll: true,
    onStart: ({ item }) => (next = item.nextElementSibling),
    onEnd({ item, from, to }) {
      if (from === to) return
      move(item, lane(from), lane(to), () => from.insertBefore(item, next?.parentElement === from ? next : null))
    },
  })
}

/** j and k among the cards of a lane, arrows also to the lanes beside; Enter opens. Whether the key meant something. */
function step(board, { key, target }) {
  const card = target.closest(".lane-card")
  if (card !== target) return false
  if (key === "Enter") {
    card.querySelector("a.t")?.click()
    return true
  }
  const by = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[key]
  const here = [...cards(lane(card)).querySelectorAll(".lane-card")]
  let next = by ? here[here.indexOf(card) + by] : null
  if (key === "ArrowLeft" || key === "ArrowRight") {
    const lanes = [...board.querySelectorAll("[data-lane]")].filter((one) => one.querySelector(".lane-card"))
    const beside = lanes[lanes.indexOf(lane(card)) + (key === "ArrowRight" ? 1 : -1)]
    next = beside?.querySelectorAll(".lane-card")[here.indexOf(card)] ?? beside?.querySelector(".lane-card")
  } else if (!by) return false
  next?.focus()
  next?.scrollIntoView({ block: "nearest", inline: "nearest" })
  return true
}

export function mount(root) {
  for (const board of fresh(root, "[data-board]", seen)) {
    board.addEventListener("keydown", (event) => {
      if (!event.altKey && !event.ctrlKey && !event.metaKey && step(board, event)) return event.preventDefault()
      const card = event.target.closest(".lane-card[data-move-url]")
      if (!event.altKey || event.target !== card || !["ArrowLeft", "ArrowRight"].includes(event.key)) return
      event.preventDefault()
      const lanes = [...board.querySelectorAll("[data-lane]")]
      moveTo(card, lanes[lanes.indexOf(lane(card)) + (event.key === "ArrowRight" ? 1 : -1)])
    })
    // Every card has the same lanes to go to: its menu is filled when it opens.
    board.addEventListener("beforetoggle", ({ target }) => {
      if (target.matches("[data-lanes]:empty")) target.append(document.getElementById("lane-menu").content.cloneNode(true))
    }, true)
    board.addEventListener("click", (event) => {
      const button = event.target.closest("[data-move-to]")
      if (!button) return
      event.preventDefault()
      moveTo(button.closest(".lane-card"), board.querySelector(`[data-lane="${CSS.escape(button.dataset.moveTo)}"]`))
    })
  }
  fresh(root, "[data-board] [data-cards]", seen).forEach(drag)
}
