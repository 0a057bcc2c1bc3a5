// Shows forms inside a website: <div data-crm-form="TOKEN"></div> and this script. Passes on where the visitor came from.
(() => {
  const base = "{{ base|escapejs }}";
  const here = new URLSearchParams(location.search);
  const said = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "code"];
  for (const place of document.querySelectorAll("[data-crm-form]")) {
    if (place.firstElementChild) continue;
    const asked = new URLSearchParams({ embed: "1", landing: location.href.slice(0, 500) });
    for (const name of said) if (here.get(name)) asked.set(name, here.get(name));
    if (document.referrer && new URL(document.referrer).host !== location.host) asked.set("referrer", document.referrer.slice(0, 500));
    if (window.crmVisitor) asked.set("visitor", String(window.crmVisitor).slice(0, 100));
    if (place.dataset.lang) asked.set("lang", place.dataset.lang);
    const frame = document.createElement("iframe");
    frame.src = `${base}/f/${encodeURIComponent(place.dataset.crmForm)}/?${asked}`;
    frame.title = place.dataset.title || "";
    frame.style.cssText = "width:100%;border:0;min-height:420px;color-scheme:light";
    addEventListener("message", (event) => {
      if (event.origin === base && event.source === frame.contentWindow && event.data && event.data.crmFormHeight > 0)
        frame.style.height = `${Math.min(event.data.crmFormHeight, 5000)}px`;
    });
    place.append(frame);
  }
})();
