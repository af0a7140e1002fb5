// The form that submits a run: reads the notebook as text, checks the parameters while they are
// typed, tells the highest price, and posts once.

const $ = (id) => document.getElementById(id);

function say(field, message) {
  $(`e-${field}`).textContent = message;
  if (message) $(`f-${field}`).setAttribute("aria-invalid", "true");
  else $(`f-${field}`).removeAttribute("aria-invalid");
}

function start(form) {
  const { call, words, fill, prefix, newKey, submitting } = window.madang;
  let notebook = null, key = newKey(), isSending = false;

  async function read() {
    notebook = null;
    say("notebook", "");
    const file = $("f-notebook").files[0];
    const help = $("h-notebook");
    help.textContent = help.dataset.empty;
    if (!file) return;
    if (file.size > Number(form.dataset.max)) {
      say("notebook", fill(words.file_large, { limit: Math.floor(form.dataset.max / 1048576) }));
      return;
    }
    const text = await file.text();
    try {
      const cells = JSON.parse(text).cells;
      const code = cells.filter((cell) => cell.cell_type === "code");
      const takes = code.some((cell) => (cell.metadata?.tags || []).includes("parameters"));
      help.textContent = fill(takes ? words.file_takes : words.file_plain, { count: code.length });
      notebook = text;
      if (!$("f-name").value) $("f-name").value = file.name.replace(/\.ipynb$/i, "").slice(0, 100);
    } catch {
      say("notebook", words.file_no_notebook);
    }
  }

  function parameters() {
    const text = $("f-parameters").value.trim();
    say("parameters", "");
    if (!text) return {};
    if (new Blob([text]).size > Number(form.dataset.maxParameters)) {
      say("parameters", words.json_large);
      return null;
    }
    try {
      const found = JSON.parse(text);
      if (found && typeof found === "object" && !Array.isArray(found)) return found;
      say("parameters", words.json_object);
    } catch (error) {
      say("parameters", fill(words.json_broken, { reason: error.message }));
    }
    return null;
  }

  function estimate() {
    const rate = Number(submitting.flavor().dataset.rate);
    const most = (Number($("f-devices").value) * Number($("f-limit").value) * rate) / 3600;
    const { left } = $("f-project").selectedOptions[0].dataset;
    $("estimate").textContent = (most / 1e6).toFixed(2);
    $("estimate-low").hidden = most <= Number(left);
  }

  form.addEventListener("input", (event) => {
    // Other content is another request; the same content sent twice stays one.
    key = newKey();
    submitting.follow(event.target);
    if (event.target.id === "f-parameters") parameters();
    estimate();
  });
  $("f-notebook").addEventListener("change", read);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    const values = parameters();
    if (notebook === null && !$("e-notebook").textContent) say("notebook", words.file_missing);
    const wrong = notebook === null ? "f-notebook" : values === null ? "f-parameters" : "";
    if (wrong) { $(wrong).focus(); return; }
    isSending = true;
    $("run-submit").ariaBusy = "true";
    const run = await call("POST", "api/v1/runs", {
      ...submitting.chosen(), notebook, parameters: values, files: {},
    }, key);
    isSending = false;
    $("run-submit").ariaBusy = null;
    if (run) location.assign(`${prefix}/runs/${encodeURIComponent(run.id)}`);
  });

  if ($("f-notebook").files[0]) read();
  estimate();
}

if ($("run-form")) start($("run-form"));
