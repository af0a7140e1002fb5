// Forms that send what was typed to the API, in the page or in a dialog. A form says where to
// (data-send="POST api/v1/…"), each field how (data-as="int|credits|moment|query|path"). No rule lives here.

const { call, refresh } = window.madang;

function gathered(form) {
  const body = {}, query = new URLSearchParams();
  let path = "";
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    const value = field.value.trim();
    const as = field.dataset.as;
    if (as === "query") { if (value) query.set(field.name, value); }
    else if (as === "path") path += `/${encodeURIComponent(value)}`;
    else if (as === "int") body[field.name] = Number.parseInt(value, 10);
    else if (as === "credits") body[field.name] = Math.round(Number(value) * 1e6);
    else if (as === "moment") body[field.name] = value ? new Date(value).getTime() : null;
    else body[field.name] = value;
  }
  return { body, path, query: String(query) };
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-send]");
  if (!form) return;
  event.preventDefault();
  const button = event.submitter;
  const dialog = form.closest("dialog");
  if (button?.value === "no") { dialog?.close(); return; }
  if (!form.reportValidity() || form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const { body, path: more, query } = gathered(form);
  const [method, whither] = form.dataset.send.split(" ");
  const path = whither + more;
  const sent = method === "DELETE" ? undefined : body;
  const done = await call(method, query ? `${path}?${query}` : path, sent);
  form.ariaBusy = null;
  // What is refused is shown as a note above the page, so the dialog must not hide it.
  if (dialog) dialog.close();
  if (!done) return;
  form.reset();
  const then = form.dataset.then;
  if (then) location.assign(then); else refresh();
});

document.addEventListener("click", (event) => {
  const no = event.target.closest("dialog [value='no'][type='button']");
  if (no) { no.closest("dialog").close(); return; }
  const button = event.target.closest("button[data-open]");
  if (!button) return;
  const dialog = document.getElementById(button.dataset.open);
  const form = dialog.querySelector("form");
  form.reset();
  form.dataset.send = button.dataset.send || form.dataset.send;
  if (button.dataset.title) dialog.querySelector("h2").textContent = button.dataset.title;
  for (const [name, value] of Object.entries(JSON.parse(button.dataset.set || "{}"))) {
    form.elements[name].value = value;
  }
  if (!dialog.open) dialog.showModal();
});

document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-go]");
  if (field) field.form.requestSubmit();
});
