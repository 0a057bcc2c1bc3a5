// The pages on which visitors book: times are shown in the time zone of the device, and in any other that is chosen.
const sheet = document.querySelector("[data-zone-of]")
const here = Intl.DateTimeFormat().resolvedOptions().timeZone
if (sheet && here && here !== sheet.dataset.zoneOf) {
  const url = new URL(location.href)
  url.searchParams.set("tz", here)
  location.replace(url)
}
const choice = document.querySelector("[data-zone]")
choice?.form.classList.add("is-quick")
choice?.addEventListener("change", () => choice.form.submit())
