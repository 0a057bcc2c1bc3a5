// The parts of an address suggest what there is: provinces, then the cities of the one that was chosen.
import { el, fresh } from "crm/dom"

const seen = new WeakSet()
const kept = new Map()

async function names(url, province = "") {
  const asked = `${url}?province=${encodeURIComponent(province)}`
  if (!kept.has(asked)) kept.set(asked, fetch(asked).then((answer) => (answer.ok ? answer.json() : { names: [] })))
  return (await kept.get(asked)).names
}

function suggest(input) {
  const list = el("datalist", { id: `${input.id}-names` })
  input.after(list)
  input.setAttribute("list", list.id)
  return (found) => list.replaceChildren(...found.map((value) => el("option", { value })))
}

export function mount(root) {
  for (const province of fresh(root, "[data-regions]", seen)) {
    const city = province.parentElement.querySelector("[data-part=city]")
    const url = province.dataset.regions
    const offer = suggest(province)
    const offerCities = city && suggest(city)
    province.addEventListener("focus", async () => offer(await names(url)), { once: true })
    city?.addEventListener("focus", async () => offerCities(province.value.trim() ? await names(url, province.value.trim()) : []))
  }
}
