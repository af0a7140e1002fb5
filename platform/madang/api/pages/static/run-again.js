// The form that submits a run again with other parameters: checks them while they are typed, and
// posts once.

const $ = (id) => document.getElementById(id);

function start(form) {
  const { call, words, fill, prefix, newKey } = window.madang;
  let key = newKey(), isSending = false;

  function say(name, message) {
    $(`e-${name}`).textContent = message;
    const field = $(`f-${name}`);
    if (message) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }

  function parameters() {
    const text = $("f-parameters").value.trim();
    say("parameters", "");
    if (new Blob([text]).size > Number(form.dataset.maxParameters)) {
      say("parameters", words.json_large);
      return null;
    }
    try {
      const found = JSON.parse(text || "{}");
      if (found && typeof found === "object" && !Array.isArray(found)) return found;
      say("parameters", words.json_object);
    } catch (error) {
      say("parameters", fill(words.json_broken, { reason: error.message }));
    }
    return null;
  }

  function refuse({ code = "", message, hint, details = {} }) {
    const place = /^parameter/.test(code) ? "parameters" : details.field === "name" || /^name/.test(code) ? "name" : "form";
    say(place, `${message} ${hint}`);
  }

  form.addEventListener("input", () => {
    key = newKey();
    for (const name of ["name", "form"]) say(name, "");
    parameters();
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = parameters();
    if (isSending || given === null) { $("f-parameters").focus(); return; }
    isSending = true;
    $("again-submit").ariaBusy = "true";
    const run = await call("POST", form.dataset.api, {
      name: $("f-name").value.trim(), parameters: given, reuse: $("f-reuse").checked,
    }, key, refuse);
    isSending = false;
    $("again-submit").ariaBusy = null;
    if (run) location.assign(`${prefix}/runs/${encodeURIComponent(run.id)}`);
    else form.querySelector('[aria-invalid="true"]')?.focus();
  });
}

if ($("again-form")) start($("again-form"));
