// The administration uses the same builders and searches as the pages of the program.
const when = {
  "[data-remote]": () => import("crm/remote_select"),
  "[data-conditions]": () => import("crm/conditions"),
  "[data-regions]": () => import("crm/address"),
  "[data-field-form]": () => import("crm/field_form"),
  "[data-formula]": () => import("crm/formula_form"),
  "[data-cards-field]": () => import("crm/cards"),
  "[data-logic-form]": () => import("crm/logic_form"),
  "form[data-arrange]": () => import("crm/arrange"),
  "[data-order]": () => import("crm/order"),
}

function mount(root) {
  for (const [selector, load] of Object.entries(when)) {
    if (root.matches?.(selector) || root.querySelector(selector)) load().then((module) => module.mount(root))
  }
}

document.body.addEventListener("crm:mount", (event) => mount(event.target))
mount(document)
