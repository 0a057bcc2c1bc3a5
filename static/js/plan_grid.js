// The grid of targets: arrows move, a block from a spreadsheet is pasted, the year's total follows. Without it the page is a plain form.
const form = document.querySelector("form[data-plan]")
const rows = [...form.querySelectorAll("[data-row]")]
const cells = (row) => [...row.querySelectorAll("[data-cell]")]
const number = (text) => Number(text.replace(/[,，\s¥]/g, ""))

/** The place of an input: [row, column]. */
function place(input) {
  const at = rows.indexOf(input.closest("[data-row]"))
  return [at, cells(rows[at]).indexOf(input)]
}

/** The year of a row follows its months, where all of them are plain numbers. */
function total(row) {
  const sum = cells(row).reduce((all, cell) => all + number(cell.value), 0)
  if (Number.isFinite(sum)) row.querySelector("[data-total]").value = sum ? Math.round(sum * 100) / 100 : ""
}

form.addEventListener("input", (event) => {
  if (event.target.matches("[data-cell]")) total(event.target.closest("[data-row]"))
})

form.addEventListener("keydown", (event) => {
  const input = event.target
  if (!input.matches("[data-cell]")) return
  const step = { ArrowUp: -1, ArrowDown: 1, Enter: 1 }[event.key]
  if (!step || event.ctrlKey || event.metaKey || event.isComposing) return
  event.preventDefault()
  const [row, column] = place(input)
  const next = rows[row + step] && cells(rows[row + step])[column]
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
