// Menus are popovers and open without this; it adds arrow keys, and places them where CSS anchors are missing.
const anchored = CSS.supports("position-area", "block-end")

const opener = (menu) => document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]:focus`) ?? document.querySelector(`[popovertarget="${CSS.escape(menu.id)}"]`)
const items = (menu) => [...menu.querySelectorAll("a[href], button:not([disabled]), input")]

function place(menu) {
  const button = opener(menu)?.getBoundingClientRect()
  if (!button || matchMedia("(max-width: 760px)").matches) return
  const { width, height } = menu.getBoundingClientRect()
  const below = button.bottom + height + 8 < innerHeight || button.top < height
  const left = menu.classList.contains("start") ? button.left : button.right - width
  menu.style.setProperty("left", `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`)
  menu.style.setProperty("top", `${below ? button.bottom : button.top - height - 8}px`)
}

document.addEventListener(
  "toggle",
  (event) => {
    const menu = event.target
    if (!menu.matches?.(".menu[popover]") || event.newState !== "open") return
    if (!anchored) place(menu)
    items(menu)[0]?.focus({ preventScroll: true })
  },
  true,
)

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu[popover]")
  if (!menu) return
  const all = items(menu)
  const at = all.indexOf(document.activeElement)
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key]
  if (to === undefined) return
  event.preventDefault()
  all.at(to % all.length)?.focus()
})

document.addEventListener("click", (event) => {
  const menu = event.target.closest("a, button")?.closest(".menu[popover], .side[popover]")
  if (menu?.matches(":popover-open") && !event.target.closest("[data-stay]")) menu.hidePopover()
})

export function mount() {}
