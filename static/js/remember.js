// A list or board tells the server by the way how somebody looked at it last: surface, view, board.
import { fresh, post } from "crm/dom"

const seen = new WeakSet()

export function mount(root) {
  for (const place of fresh(root, "[data-remember]", seen)) {
    const { look, looked, remember } = place.dataset
    if (look === looked) continue
    const [surface, view, lanes] = look.split("|")
    const kept = surface === "board" ? lanes : looked.split("|")[2]
    place.dataset.looked = look
    post(remember, { surface, view, lanes: kept })
  }
}
