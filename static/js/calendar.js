// The calendar: <div data-calendar data-events="/…/"> becomes a grid of days, weeks or months in which activities are dragged, made longer
// and made anew. The server's agenda stays for narrow windows, for printing and without this script. <table data-team> is dragged, too.
import { fill } from "crm/dialog"
import { csrf, el, fresh, post, say, typing } from "crm/dom"
import { fromResponse, show } from "crm/toast"

const seen = new WeakSet()
const wide = matchMedia("(min-width: 761px)")
const MODES = { day: "timeGridDay", week: "timeGridWeek", month: "dayGridMonth" }
const local = (date) => date.toISOString().slice(0, 16)
/** The address of one activity: the page names that of number 0. */
const address = (pattern, id) => pattern.replace("/0/", `/${id}/`)

/** The library is a plain script that leaves a global behind: it can't be imported. */
function script(name) {
  return new Promise((resolve, reject) => {
    const node = el("script", { src: import.meta.resolve(name) })
    node.addEventListener("load", resolve)
    node.addEventListener("error", reject)
    document.head.append(node)
  })
}

async function load(lang) {
  if (!window.FullCalendar) await script("vendor/fullcalendar")
  if (lang.startsWith("zh")) await script("vendor/fullcalendar-zh-cn")
}

/** Which of a series is meant; resolves to a scope or null. */
function askScope(place) {
  const { scopeTitle, scopeThis, scopeFollowing, scopeAll } = place.dataset
  return new Promise((resolve) => {
    const button = (value, text) => el("button", { class: "btn", value }, text)
    const box = el("dialog", { class: "ask", "aria-label": scopeTitle }, el("form", { method: "dialog", class: "frame" }, el("header", {}, el("h2", {}, scopeTitle)), el("div", { class: "body d-grid gap-2" }, button("this", scopeThis), button("following", scopeFollowing), button("all", scopeAll), button("", say("cancel")))))
    box.addEventListener("close", () => {
      resolve(box.returnValue || null)
      box.remove()
    })
    document.body.append(box)
    box.showModal()
  })
}

/** Send a new place; true when the server took it. */
async function send(url, data) {
  const response = await post(url, data)
  if (response?.ok) {
    fromResponse(response)
    document.body.dispatchEvent(new CustomEvent("counts"))
    return response.json()
  }
  if (!response) show({ level: "error", text: say("offline") })
  else if (!fromResponse(response)) show({ level: "error", text: say({ 403: "denied", 404: "gone", 409: "conflict" }[response.status] ?? "failed") })
  return null
}

class Grid {
  constructor(place) {
    this.place = place
    this.view = MODES[place.dataset.view]
    this.start()
    wide.addEventListener("change", () => this.fit())
  }

  async start() {
    await load(this.place.dataset.lang)
    if (!this.place.isConnected) return
    this.calendar = new window.FullCalendar.Calendar(this.place, this.options())
    this.fit()
    const help = el("p", { class: "calendar-help no-print" }, this.place.dataset.help)
    this.place.after(help)
    document.body.addEventListener("record-created", () => {
      document.getElementById("dialog")?.close()
      this.calendar.refetchEvents()
    })
  }

  fit() {
    const grid = wide.matches
    this.place.hidden = !grid
    document.getElementById("agenda").hidden = grid
    if (grid) this.calendar?.render()
  }

  options() {
    const { events, day, lang, add, now, recordUrl, moveUrl } = this.place.dataset
    return {
      initialView: this.view,
      initialDate: day,
      now,
      locale: lang.startsWith("zh") ? "zh-cn" : "en",
      timeZone: "UTC", // Times are those of the person's own zone, as the server says them.
      firstDay: 1,
      headerToolbar: false,
      height: "auto",
      allDayMaintainDuration: true,
      nowIndicator: true,
      scrollTime: "08:00",
      slotMinTime: "06:00",
      slotMaxTime: "23:00",
      slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
      eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
      defaultTimedEventDuration: "00:30",
      slotEventOverlap: false,
      eventShortHeight: 40, // what takes up to half an hour says when and what on one line
      dayMaxEvents: 5,
      navLinks: true,
      navLinkDayClick: (date) => location.assign(this.page("day", date)),
      eventInteractive: true,
      selectable: Boolean(add),
      selectMirror: true,
      eventsSet: (found) => this.widen(found),
      events: { url: events, failure: () => show({ level: "error", text: say("failed") }) },
      eventDataTransform: (event) => (event.id ? { ...event, url: address(recordUrl, event.id), move: address(moveUrl, event.id) } : event),
      eventClassNames: ({ event: { extendedProps: it } }) => [it.busy ? "busy" : `kind-${it.kind}`, it.done ? "done" : ""].filter(Boolean),
      eventDidMount: ({ event, el: node }) => this.mark(event, node),
      eventDrop: (info) => this.moved(info),
      eventResize: (info) => this.moved(info),
      select: (info) => this.make(info),
    }
  }

  /** The grid shows working hours, and the whole day where something lies outside of them. */
  widen(found) {
    const minutes = (date) => date.getUTCHours() * 60 + date.getUTCMinutes()
    const outside = ({ allDay, start, end }) => !allDay && (minutes(start) < 6 * 60 || minutes(start) >= 22.5 * 60 || (end && (minutes(end) > 23 * 60 || end.getUTCDate() !== start.getUTCDate())))
    if (this.whole || !found.some(outside)) return
    this.whole = true
    this.calendar.setOption("slotMinTime", "00:00")
    this.calendar.setOption("slotMaxTime", "24:00")
  }

  page(view, date) {
    const query = new URLSearchParams({ view, day: date.toISOString().slice(0, 10), who: this.place.dataset.who })
    return `${this.place.dataset.page}?${query}`
  }

  mark(event, node) {
    const { place, who } = event.extendedProps
    node.title = [event.title, place, who].filter(Boolean).join(" · ")
    if (!event.startEditable) return
    node.addEventListener("keydown", (key) => this.key(event, key))
  }

  /** Shift and an arrow: a day or a week, in day and week views half an hour up and down. */
  key(event, key) {
    if (!key.shiftKey || typing(key)) return
    const month = this.view === MODES.month
    const step = { ArrowLeft: { days: -1 }, ArrowRight: { days: 1 }, ArrowUp: month ? { days: -7 } : { minutes: -30 }, ArrowDown: month ? { days: 7 } : { minutes: 30 } }[key.key]
    if (!step || (step.minutes && event.allDay)) return
    key.preventDefault()
    const before = { start: event.start, end: event.end, allDay: event.allDay }
    event.moveDates(step)
    this.moved({ event, revert: () => event.setDates(before.start, before.end, { allDay: before.allDay }) }).then(() => {
      this.place.querySelector(`[data-event="${event.id}"]`)?.focus()
    })
  }

  async moved({ event, revert }) {
    const it = event.extendedProps
    const scope = it.series ? await askScope(this.place) : "this"
    if (!scope) return revert()
    const data = { start: local(event.start), end: event.end ? local(event.end) : "", all_day: event.allDay ? "1" : "0", version: it.version, scope }
    const answer = await send(it.move, data)
    if (!answer) {
      revert()
      this.calendar.refetchEvents()
    } else if (scope !== "this") this.calendar.refetchEvents()
    else event.setExtendedProp("version", answer.version)
  }

  async make({ start, end, allDay }) {
    const query = new URLSearchParams({ due_at: local(start), ends_at: local(end), kind: "meeting" })
    if (allDay) query.set("all_day", "on")
    const response = await fetch(`${this.place.dataset.add}&${query}`, { headers: { "HX-Request": "true", "X-CSRFToken": csrf() } }).catch(() => null)
    this.calendar.unselect()
    if (response?.ok) fill(await response.text())
    else show({ level: "error", text: say("failed") })
  }
}

/** The week of a team: a chip goes to another day, or to another person. */
function team(table) {
  let chip = null
  for (const node of table.querySelectorAll("[data-move]")) node.draggable = true
  table.addEventListener("dragstart", (event) => {
    chip = event.target.closest("[data-move]")
    if (chip) event.dataTransfer.setData("text/plain", chip.href)
  })
  for (const cell of table.querySelectorAll("td[data-day]")) {
    cell.addEventListener("dragover", (event) => {
      if (!chip) return
      event.preventDefault()
      cell.classList.add("over")
    })
    cell.addEventListener("dragleave", () => cell.classList.remove("over"))
    cell.addEventListener("drop", async (event) => {
      event.preventDefault()
      cell.classList.remove("over")
      const one = chip
      chip = null
      const from = one?.closest("td")
      if (!one || from === cell) return
      const { start, end, allDay, owner, version } = one.dataset
      const days = Math.round((Date.parse(cell.dataset.day) - Date.parse(from.dataset.day)) / 86_400_000)
      const shift = (text) => (text ? local(new Date(Date.parse(`${text}Z`) + days * 86_400_000)) : "")
      const data = { start: shift(start), end: shift(end), all_day: allDay, version }
      if (cell.dataset.user !== from.dataset.user && owner === from.dataset.user) data.owner = cell.dataset.user
      cell.append(one)
      const answer = await send(one.dataset.move, data)
      if (!answer) return from.append(one)
      Object.assign(one.dataset, { start: data.start, end: data.end, version: answer.version, owner: data.owner ?? owner })
    })
  }
}

export function mount(root) {
  for (const place of fresh(root, "[data-calendar]", seen)) new Grid(place)
  fresh(root, "[data-team]", seen).forEach(team)
}

