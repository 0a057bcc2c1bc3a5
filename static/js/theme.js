// Sets light or dark before the first paint, and follows the device when the person chose "auto".
(() => {
  const root = document.documentElement
  const dark = matchMedia("(prefers-color-scheme: dark)")
  const apply = () => {
    if (root.dataset.theme === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light"
  }
  root.classList.add("js")
  apply()
  dark.addEventListener("change", apply)
})()
