// The grid of targets: arrows move, a block from a spreadsheet is pasted, the year's total follows. Without it the page is a plain form.
const form = document.querySelector("form[data-plan]")
const rows = [...form.querySelectorAll("[data-row]")]
const cells = (row) => [...row.querySelectorAll("[data-cell]")]
const TIMES = { 万: 1e4, 亿: 1e8, k: 1e3, m: 1e6 }

/** What an amount says: 1.2万, ¥12,000, 3k; NaN where it is none. */
function number(text) {
  const [, plain, times] = text.replace(/[,，\s¥￥]/g, "").match(/^(.*?)([万亿kKmM]?)$/)
  return Number(plain) * (TIMES[times.toLowerCase()] ?? 1)
}

/** The place of an input: [row, column]. */
function place(input) {
  const at = rows.indexOf(input.closest("[data-row]"))
  return [at, cells(rows[at]).indexOf(input)]
}

/** The year of a row follows its months, where all of them are plain numbers; its change against last year goes along. */
function total(row) {
  const sum = cells(row).reduce((all, cell) => all + number(cell.value), 0)
  if (!Number.isFinite(sum)) return
  row.querySelector("[data-total]").value = sum ? Math.round(sum * 100) / 100 : ""
  const last = Number(row.querySelector("[data-last]")?.dataset.last)
  if (!last) return
  const change = Math.round((sum / last - 1) * 100)
  row.querySelector("[data-change]").textContent = sum ? `${change > 0 ? "+" : ""}${change}%` : "–"
}

form.addEventListener("input", (event) => {
  if (event.target.matches("[data-cell]")) total(event.target.closest("[data-row]"))
})

form.addEventListener("keydown", (event) => {
  const input = event.target
  if (!input.matches("[data-cell]")) return
  const [down, right] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [0, 0]
  if (!(down || right) || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return
  // Sideways moves leave a cell from its edge, or when all of it is chosen, as it is after a move.
  const { selectionStart: from, selectionEnd: to, value } = input
  if (right && to - from !== value.length && (right < 0 ? to > 0 : from < value.length)) return
  event.preventDefault()
  const [row, column] = place(input)
  const next = rows[row + down] && cells(rows[row + down])[column + right]
  next?.focus()
  next?.select()
})

form.addEventListener("paste", (event) => {
  const input = event.target
  const text = event.clipboardData?.getData("text/plain") ?? ""
  if (!input.matches("[data-cell]") || !/[\t\n]/.test(text.trim())) return
  event.preventDefault()
  const [row, column] = place(input)
  text.replace(/\r/g, "").replace(/\n$/, "").split("\n").forEach((line, down) => {
    const target = rows[row + down]
    if (!target) return
    line.split("\t").forEach((value, right) => {
      const cell = cells(target)[column + right]
      if (cell) cell.value = value.trim()
    })
    total(target)
  })
})
