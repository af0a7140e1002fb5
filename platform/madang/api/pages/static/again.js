// The form that submits a sweep or a run again with changes. Fields hold what it had; what the
// changes make of it and what that costs is read by the service alone.

const $ = (id) => document.getElementById(id);
const PAUSE_MS = 400;
const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const count = (value) => value.toLocaleString(document.documentElement.lang);

function number(value) {
  if (value > 0 && value < 0.01) return "< 0.01";
  // Rounded down, as pages do.
  return (Math.floor(value * 100) / 100).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 2 });
}

function start(form) {
  const { call, fill, words, prefix, newKey, submitting } = window.madang;
  const said = JSON.parse(form.dataset.said);
  const isRun = Boolean($("f-parameters"));
  const rows = [...form.querySelectorAll("input[data-name]")];
  let key = newKey(), asked = 0, timer = 0, isPriced = false, isSending = false;

  // ---- what is wrong stands beside its field ----
  function say(name, message) {
    $(`e-${name}`).textContent = message;
    const field = $(`f-${name}`);
    if (message) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }

  function allRight() {
    for (const line of form.querySelectorAll(".error[id]")) say(line.id.slice(2), "");
  }

  function placeOf(problem) {
    const { code = "", details = {} } = problem;
    const named = [details.parameter, ...(details.field || "").split("."), details.name];
    const row = rows.find((one) => named.includes(one.dataset.name));
    if (row) return row.id.slice(2);
    return isRun && /^parameter/.test(code) ? "parameters" : submitting.placeOf(problem) || "plan";
  }

  function refuse(problem) {
    allRight();
    show(null);
    say(placeOf(problem), `${problem.message} ${problem.hint}`);
  }

  // ---- what is asked for ----
  function parameters() {
    const text = $("f-parameters").value.trim();
    if (new Blob([text]).size > Number(form.dataset.maxParameters)) {
      say("parameters", words.json_large);
      return null;
    }
    try {
      const found = JSON.parse(text || "{}");
      if (found && typeof found === "object" && !Array.isArray(found)) return { parameters: found };
      say("parameters", words.json_object);
    } catch (error) {
      say("parameters", fill(words.json_broken, { reason: error.message }));
    }
    return null;
  }

  const values = () => ({
    typed: Object.fromEntries(rows.filter((row) => row.value.trim() && row.value.trim() !== row.defaultValue)
      .map((row) => [row.dataset.name, row.value])),
    only_failed: form.querySelector('input[name="which"]:checked')?.value === "failed",
    notify: submitting.notify(),
    max_parallel: Number($("f-max_parallel").value), runs_per_device: Number($("f-runs_per_device").value),
  });

  // Null while the parameters of a run cannot be read.
  function body() {
    const given = isRun ? parameters() : values();
    return given && { ...submitting.size(), name: $("f-name").value.trim(), reuse: $("f-reuse").checked, ...given };
  }

  // ---- what it would be and cost ----
  function show(found) {
    isPriced = Boolean(found);
    const runs = found ? count(found.runs ?? 1) : "";
    $("plan-runs").textContent = found ? fill(said.runs, { runs }) : said.plan_empty;
    $("again-submit").textContent = found ? fill(said.submit_runs, { runs }) : said.submit;
    $("plan-rest").hidden = !found;
    const reused = found?.reused ?? Number(found?.is_reused || 0);
    $("plan-reused").textContent = reused ? fill(said.reused, { count: count(reused) }) : "";
    if (!found) return;
    $("most-hours").textContent = number(found.at_most_device_ms / 3.6e6);
    $("most-cost").textContent = number(found.at_most_microcredits / 1e6);
    $("left").textContent = number(found.left_microcredits / 1e6);
    if (!isRun) list(found);
  }

  function list(found) {
    $("first").replaceChildren(...found.first.map((point) => {
      const line = document.createElement("li");
      line.className = "params";
      for (const [name, value] of Object.entries(point)) {
        line.appendChild(document.createElement("code")).textContent = `${name}=${shown(value).slice(0, 80)}`;
      }
      return line;
    }));
    if (found.runs <= found.first.length) return;
    const line = $("first").appendChild(document.createElement("li"));
    line.className = "note";
    line.textContent = fill(said.more, { count: count(found.runs - found.first.length) });
  }

  async function plan() {
    clearTimeout(timer);
    const mine = ++asked;
    allRight();
    const wanted = body();
    if (!wanted) {
      show(null);
      return;
    }
    const found = await call("POST", `${form.dataset.api}/rerun-plan`, wanted, undefined, (problem) => {
      if (mine === asked) refuse(problem);
    });
    if (found && mine === asked) show(found);
  }

  form.addEventListener("input", (event) => {
    // Other content is another request; the same content sent twice stays one.
    key = newKey();
    isPriced = false;
    submitting.follow(event.target);
    clearTimeout(timer);
    timer = setTimeout(plan, PAUSE_MS);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    // Nobody submits what they have not seen the price of: it is shown, and asked for once more.
    if (!isPriced) {
      await plan();
      (form.querySelector('[aria-invalid="true"]') || $("again-submit")).focus();
      return;
    }
    isSending = true;
    $("again-submit").ariaBusy = "true";
    const made = await call("POST", `${form.dataset.api}/rerun`, body(), key, refuse);
    isSending = false;
    $("again-submit").ariaBusy = null;
    if (made) location.assign(`${prefix}/${isRun ? "runs" : "sweeps"}/${encodeURIComponent(made.id)}`);
    else form.querySelector('[aria-invalid="true"]')?.focus();
  });

  plan();
}

if ($("again-form")) start($("again-form"));
