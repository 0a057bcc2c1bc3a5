// Dynamic rules in the browser: the verdicts of crm/fields/holding.py and crm/customfields/logic.py, nothing else. No DOM here.
// Values are texts (numbers as decimals, days as 2026-01-31, moments by the person's clock), true or false, lists, or null.

const WORDS = new Set(["text", "longtext", "email", "url", "phone", "choice"])
const NUMBERS = new Set(["number", "integer", "money", "percent"])
const DAY = 86400000

/** Upper case letter by letter: what becomes two letters stays itself. */
const upper = (text) => [...String(text)].map((letter) => ([...letter.toUpperCase()].length === 1 ? letter.toUpperCase() : letter)).join("")

/** Decimal texts as whole numbers of one scale, so that nothing is rounded. */
function scaled(text, places) {
  const [, sign, whole, part = ""] = /^([+-]?)(\d*)\.?(\d*)$/.exec(String(text)) ?? [null, "", "0", ""]
  const number = BigInt((whole || "0") + part.padEnd(places, "0"))
  return sign === "-" ? -number : number
}

const places = (text) => String(text).split(".")[1]?.length ?? 0

/** Below, at, above zero as a lies before, at, after b. */
export function compare(kind, a, b) {
  if (NUMBERS.has(kind)) {
    const most = Math.max(places(a), places(b))
    const [x, y] = [scaled(a, most), scaled(b, most)]
    return x < y ? -1 : x > y ? 1 : 0
  }
  return a < b ? -1 : a > b ? 1 : 0
}

const same = (kind, a, b) => (a === null || b === null ? a === b : typeof a === "boolean" || typeof b === "boolean" ? a === b : compare(kind, a, b) === 0)
const among = (kind, value, given) => (Array.isArray(value) ? value.some((one) => given.includes(one)) : given.some((one) => same(kind, value, one)))

const utc = (day) => Date.parse(`${day}T00:00:00Z`)
const text = (time) => new Date(time).toISOString().slice(0, 10)
const shift = (day, by) => text(utc(day) + by * DAY)
const monthEnd = (year, month) => text(Date.UTC(year, month, 1) - DAY)

/** First and last day that a day operator lets through; no first day: everything up to the last. */
export function bounds(op, given, now) {
  const today = now.slice(0, 10)
  const [year, month] = [Number(today.slice(0, 4)), Number(today.slice(5, 7))]
  const two = (number) => String(number).padStart(2, "0")
  const n = Number(given[0] ?? 0)
  switch (op) {
    case "older_days":
      return [null, shift(today, -n - 1)]
    case "on":
      return [given[0], given[0]]
    case "between":
      return given
    case "this_week": {
      const first = shift(today, -((new Date(utc(today)).getUTCDay() + 6) % 7))
      return [first, shift(first, 6)]
    }
    case "this_month":
      return [`${today.slice(0, 7)}-01`, monthEnd(year, month)]
    case "this_quarter": {
      const from = Math.floor((month - 1) / 3) * 3 + 1
      return [`${today.slice(0, 4)}-${two(from)}-01`, monthEnd(year, from + 2)]
    }
    case "this_year":
      return [`${today.slice(0, 4)}-01-01`, `${today.slice(0, 4)}-12-31`]
    case "last_days":
      return [shift(today, -n), today]
    case "next_days":
      return [today, shift(today, n)]
  }
  return [today, today]
}

/** A moment with all its digits, so that moments compare as texts. */
function moment(value) {
  const [clock, part = ""] = value.replace(" ", "T").split(".")
  return `${clock.length === 16 ? `${clock}:00` : clock}.${part.padEnd(6, "0").slice(0, 6)}`
}

/** The same moment some days before. */
const before = (now, days) => shift(now.slice(0, 10), -days) + moment(now).slice(10)

function inDays(kind, op, value, given, reader) {
  if (kind === "datetime" && op === "full_days") return moment(value) <= before(reader.now, Number(given[0]))
  const day = value.slice(0, 10)
  if (op === "gte") return day >= given[0]
  if (op === "lte") return day <= given[0]
  const [first, last] = bounds(op, given, reader.now)
  return (first === null || day >= first) && day <= last
}

/** Whether a value of a kind passes an operator with the given values. */
export function holds(kind, op, value, given, reader) {
  const none = value === null || value === undefined || (WORDS.has(kind) && value === "") || (Array.isArray(value) && !value.length)
  if (op === "empty") return none
  if (op === "filled") return !none
  if (op === "not") return none && value !== "" ? true : !same(kind, value, given[0])
  if (op === "not_in") return none ? !given.includes(value) : !among(kind, value, given)
  if (value === null || value === undefined || (Array.isArray(value) && !value.length)) return false
  switch (op) {
    case "contains":
      return upper(value).includes(upper(given[0]))
    case "starts":
      return upper(value).startsWith(upper(given[0]))
    case "is":
    case "eq":
      return same(kind, value, given[0])
    case "in":
      return among(kind, value, given)
    case "all":
      return given.every((one) => value.includes(one))
    case "me":
      return value === reader.user
    case "my_team":
      return reader.team.includes(value)
  }
  if (kind === "date" || kind === "datetime") return inDays(kind, op, value, given, reader)
  if (op === "gte") return compare(kind, value, given[0]) >= 0
  if (op === "lte") return compare(kind, value, given[0]) <= 0
  if (op === "between") return compare(kind, value, given[0]) >= 0 && compare(kind, value, given[1]) <= 0
  return false
}

/** Whether a tree of tests is true of the values; a node {is} was judged by the server. */
export function passes(node, values, reader) {
  if ("is" in node) return node.is
  if (node.nodes) {
    const one = (inner) => passes(inner, values, reader)
    return node.any && node.nodes.length ? node.nodes.some(one) : node.nodes.every(one)
  }
  return holds(node.kind, node.op, values[node.field] ?? null, node.given, reader)
}

const fields = (node) => (node.nodes ? node.nodes.flatMap(fields) : node.field ? [node.field] : [])
const key = (value) => (value === null || value === undefined ? "" : String(value))

function narrow(found, name, allowed) {
  const options = [...allowed]
  found.only[name] = name in found.only ? options.filter((one) => found.only[name].includes(one)) : options
}

/** What the rules say of the values: see judge() in crm/customfields/logic.py. */
export function judge(data, values) {
  const found = { hidden: new Set(), cleared: new Set(), required: new Set(), readonly: new Set(), only: {}, barred: {}, invalid: [], defaults: {} }
  const shown = {}
  const offered = new Map()
  for (const rule of data.rules) {
    const self = rule.effect === "readonly" && !data.adding && rule.names.length === 1 && fields(rule.where).includes(rule.names[0])
    const seen = self ? { ...values, [rule.names[0]]: data.stored[rule.names[0]] ?? null } : values
    const verdict = passes(rule.where, seen, data.reader)
    if (rule.effect === "visible") (shown[rule.target] ??= []).push(verdict)
    else if (rule.effect === "offered") {
      for (const name of rule.names) for (const option of rule.options) offered.set(JSON.stringify([name, option]), offered.get(JSON.stringify([name, option])) || verdict)
    } else if (!verdict) continue
    else if (rule.effect === "required") rule.names.forEach((name) => found.required.add(name))
    else if (rule.effect === "readonly" && !data.adding) rule.names.forEach((name) => found.readonly.add(name))
    else if (rule.effect === "options") rule.names.forEach((name) => narrow(found, name, rule.options))
    else if (rule.effect === "invalid") found.invalid.push(rule)
    else if (rule.effect === "default" && data.adding) for (const name of rule.names) if (!(name in found.defaults)) found.defaults[name] = rule.value
  }
  for (const rule of data.rules) {
    if (rule.effect !== "visible" || shown[rule.target].some(Boolean)) continue
    rule.names.forEach((name) => found.hidden.add(name))
    if (rule.clear) rule.names.forEach((name) => found.cleared.add(name))
  }
  for (const [one, allowed] of offered) {
    const [name, option] = JSON.parse(one)
    if (!allowed) (found.barred[name] ??= []).push(option)
  }
  for (const { field, by, matrix } of data.narrowings) {
    const row = matrix[key(values[by])]
    if (row) narrow(found, field, row)
  }
  found.hidden.forEach((name) => found.required.delete(name))
  return found
}

/** Whether a field may hold an option. */
export const offers = (found, name, option) => !found.barred[name]?.includes(option) && (!(name in found.only) || found.only[name].includes(option))
