// Charts: <div class="chart" data-chart="json-script-id">. The JSON: {"kind": "bars" | "lines" | "pie", "x": [labels],
// "series": [{"name", "kind", "data": [number | {"value", "url"}], "colour": "teal"}], "unit": "…", "across": bool, "stacked": bool}.
// ECharts comes only where there is one; the table behind stays for everybody else. A click on a mark opens its rows.
import { fresh } from "crm/dom"

const seen = new WeakSet()
const charts = new Map()
const palette = ["teal", "amber", "blue", "orange", "purple", "green", "red", "cyan", "pink", "lime", "indigo", "slate"]

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

function point(item) {
  if (item === null || typeof item !== "object") return item
  return item.colour ? { ...item, itemStyle: { color: token(`--c-${item.colour}`) } } : item
}

function series(spec, one, index) {
  const kind = { bars: "bar", lines: "line", pie: "pie" }[one.kind ?? spec.kind ?? "bars"]
  const colour = token(`--c-${one.colour ?? palette[index % palette.length]}`)
  const common = { name: one.name, type: kind, data: one.data.map(point), itemStyle: { color: colour }, cursor: "pointer", stack: spec.stacked && kind === "bar" ? "all" : undefined }
  if (kind === "pie") {
    const data = one.data.map((item, i) => ({ name: spec.x[i], itemStyle: { color: token(`--c-${palette[i % palette.length]}`) }, ...point(typeof item === "object" ? item : { value: item }) }))
    return { ...common, itemStyle: {}, radius: ["48%", "74%"], data, label: { color: token("--ink"), formatter: "{b} {d}%" } }
  }
  if (kind === "bar") return { ...common, barMaxWidth: 34, itemStyle: { color: colour, borderRadius: spec.stacked ? 0 : spec.across ? [0, 4, 4, 0] : [4, 4, 0, 0] } }
  return { ...common, smooth: 0.15, symbolSize: 7, lineStyle: { width: 2, color: colour } }
}

function option(spec) {
  const line = token("--line")
  const text = { color: token("--muted"), fontFamily: getComputedStyle(document.body).fontFamily }
  const show = (value) => `${Number(value).toLocaleString()}${spec.unit ? ` ${spec.unit}` : ""}`
  const pie = spec.kind === "pie"
  const names = { type: "category", data: spec.x, axisLabel: { ...text, hideOverlap: true }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, inverse: Boolean(spec.across) }
  const values = { type: "value", axisLabel: { ...text, formatter: (value) => Intl.NumberFormat(document.documentElement.lang, { notation: "compact" }).format(value) }, splitLine: { lineStyle: { color: line } } }
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 350,
    textStyle: text,
    aria: { enabled: true },
    grid: { left: 8, right: spec.across ? 28 : 14, top: spec.series.length > 1 ? 34 : 12, bottom: 4, containLabel: true },
    legend: spec.series.length > 1 ? { textStyle: text, top: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8 } : undefined,
    // Drawn, not HTML: the page allows no style attributes.
    tooltip: { trigger: pie ? "item" : "axis", renderMode: "richText", valueFormatter: show, backgroundColor: token("--panel"), borderColor: line, textStyle: { color: token("--ink") }, axisPointer: { type: "shadow" } },
    xAxis: pie ? undefined : spec.across ? values : names,
    yAxis: pie ? undefined : spec.across ? names : values,
    series: spec.series.map((one, index) => series(spec, one, index)),
  }
}

async function draw(node) {
  await import("vendor/echarts")
  const spec = JSON.parse(document.getElementById(node.dataset.chart).textContent)
  const chart = window.echarts.init(node, null, { renderer: "canvas" })
  chart.setOption(option(spec))
  chart.on("click", ({ data }) => data?.url?.startsWith("/") && location.assign(data.url))
  charts.set(node, { chart, spec })
  new ResizeObserver(() => chart.resize()).observe(node)
}

const near = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue
    near.unobserve(target)
    draw(target)
  }
}, { rootMargin: "200px" })

new MutationObserver(() => charts.forEach(({ chart, spec }) => chart.setOption(option(spec)))).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] })

export function mount(root) {
  fresh(root, "[data-chart]", seen).forEach((node) => near.observe(node))
}
