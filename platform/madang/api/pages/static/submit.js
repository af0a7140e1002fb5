// What the forms of runs and of sweeps share: who pays, where it runs and for how long.

const $ = (id) => document.getElementById(id);
const flavor = () => document.querySelector('input[name="flavor"]:checked');

// An environment belongs to a project; those of others are no choice.
function environments() {
  const list = $("f-environment");
  if (!list) return;
  for (const option of list.options) {
    option.hidden = option.disabled = Boolean(option.dataset.project) && option.dataset.project !== $("f-project").value;
  }
  if (list.selectedOptions[0]?.disabled ?? true) list.value = "";
  $("environment-field").hidden = [...list.options].filter((option) => !option.disabled).length < 2;
}

// So do secrets: a tick for one of another project would only be refused.
function secrets() {
  const field = $("secrets-field");
  if (!field) return;
  const labels = [...field.querySelectorAll("label")];
  for (const label of labels) {
    label.hidden = label.dataset.project !== $("f-project").value;
    if (label.hidden) label.firstElementChild.checked = false;
  }
  field.hidden = labels.every((label) => label.hidden);
}

function project() {
  environments();
  secrets();
  $("h-project").textContent = $("f-project").selectedOptions[0].dataset.leftText;
}

// Lets the other choices follow the one that was made.
function follow(field) {
  if (field.id === "f-project") project();
  if (field.name !== "flavor") return;
  const total = Number(field.dataset.total);
  $("f-devices").max = total;
  $("f-devices").value = total ? Math.min(total, Math.max(1, Number($("f-devices").value))) : 0;
}

// What it runs on; a kind of device that is no longer there is left out, and refused in words.
const size = () => ({
  environment: $("f-environment")?.value || "", flavor: flavor()?.value,
  devices: Number($("f-devices").value), limit_s: Number($("f-limit").value),
});

const chosen = () => ({
  ...size(), name: $("f-name").value.trim(), project: $("f-project").value,
  secrets: [...document.querySelectorAll("input[name='secrets']:checked")].map((box) => box.value),
});

// As the settings say, or as it was, unless the tick was changed.
const notify = () => ($("f-notify").checked === $("f-notify").defaultChecked ? null : $("f-notify").checked);

const PLACES = [
  [/^name/, "name"], [/^sharing/, "runs_per_device"], [/^environment/, "environment"], [/^limit/, "limit"], [/devices/, "devices"],
];

// The field beside which a problem belongs; empty where the form has none for it.
function placeOf({ code = "", details = {} }) {
  const field = (details.field || "").replace(/_s$/, "") || PLACES.find(([codes]) => codes.test(code))?.[1];
  return field && $(`e-${field}`) ? field : "";
}

window.madang.submitting = { flavor, follow, chosen, size, notify, placeOf };
if ($("f-project")) project();
