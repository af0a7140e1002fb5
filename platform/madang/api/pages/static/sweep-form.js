// The form that submits a sweep. What the notebook declares, what was typed and what it would cost
// is read by the service alone: this file shows its answers, tries one run first, and posts once.

const $ = (id) => document.getElementById(id);
const PAUSE_MS = 400;
const shown = (value) => (typeof value === "string" ? value : JSON.stringify(value));

function number(value) {
  if (value > 0 && value < 0.01) return "< 0.01";
  // Rounded down, as pages do.
  return (Math.floor(value * 100) / 100).toLocaleString(document.documentElement.lang, { minimumFractionDigits: 2 });
}
const count = (value) => value.toLocaleString(document.documentElement.lang);
const hours = (ms) => number(ms / 3.6e6);
const credits = (micro) => number(micro / 1e6);

// None where nothing is said; what is no number is refused by the service.
const seconds = ({ value, validity }) => (value || validity.badInput ? Number(value) : null);

// Outputs are most of a notebook, and nothing that is asked before it is submitted needs them.
function withoutOutputs(text) {
  const notebook = JSON.parse(text);
  for (const cell of notebook.cells) if (cell.cell_type === "code") cell.outputs = [];
  return JSON.stringify(notebook);
}

function start(form) {
  const { call, words, fill, prefix, newKey, duration, submitting } = window.madang;
  const said = JSON.parse(form.dataset.said);
  const noTable = { table: "", table_kind: "json" };
  let notebook = null, slim = "", table = noTable, tableFault = "", pilot = null;
  let key = newKey(), pilotKey = newKey(), asked = 0, timer = 0, isBusy = false, isPriced = false;

  const rows = () => [...$("rows").querySelectorAll("input")];
  const typed = () => Object.fromEntries(rows().filter((row) => row.value.trim()).map((row) => [row.dataset.name, row.value]));
  const hasValues = () => table.table !== "" || rows().some((row) => row.value.trim());
  const body = (text) => ({
    ...submitting.chosen(), notebook: text, typed: typed(), ...table,
    max_parallel: Number($("f-max_parallel").value),
    runs_per_device: Number($("f-runs_per_device").value),
    notify: submitting.notify(), checkpoint_after_s: seconds($("f-checkpoint_after")), pilot: pilot ? pilot.id : "",
  });

  // ---- what is wrong stands beside its field ----
  function wrong(name, message) {
    const field = $(`f-${name}`);
    $(`e-${name}`).textContent = message;
    if (message) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }

  function allRight() {
    for (const line of form.querySelectorAll(".error[id]")) wrong(line.id.slice(2), "");
    wrong("table", tableFault);
  }

  function placeOf({ code = "", details = {} }) {
    const named = [details.parameter, ...(details.field || "").split("."), details.name];
    const row = rows().find((one) => named.includes(one.dataset.name));
    if (row && !code.startsWith("table")) return row.id.slice(2);
    if (table.table && /^(table|sweep|grid|parameter)/.test(code)) return "table";
    if (/^notebook/.test(code)) return "notebook";
    return submitting.placeOf({ code, details }) || "plan";
  }

  function refuse(problem) {
    show(null);
    allRight();
    wrong(placeOf(problem), `${problem.message} ${problem.hint}`);
  }

  // ---- the notebook and its parameters ----
  async function read() {
    const help = $("h-notebook");
    [notebook, pilot] = [null, null];
    help.textContent = help.dataset.empty;
    allRight();
    show(null);
    for (const part of ["no-cell", "parameters", "table-field", "pilot"]) $(part).hidden = true;
    const file = $("f-notebook").files[0];
    if (!file) return;
    if (file.size > Number(form.dataset.max)) {
      wrong("notebook", fill(words.file_large, { limit: Math.floor(form.dataset.max / 1048576) }));
      return;
    }
    const text = await file.text();
    try {
      slim = withoutOutputs(text);
    } catch {
      wrong("notebook", words.file_no_notebook);
      return;
    }
    const found = await call("POST", "api/v1/notebooks/parameters", { notebook: slim }, undefined, refuse);
    if (!found || file !== $("f-notebook").files[0]) return;
    notebook = text;
    help.textContent = fill(said.cells, { count: found.code_cells, parameters: found.parameters.length });
    if (found.files.length) help.textContent += ` ${fill(said.files, { files: found.files.join(", ") })}`;
    if (!$("f-name").value) $("f-name").value = file.name.replace(/\.ipynb$/i, "").slice(0, 100);
    $("no-cell").hidden = found.parameters.length > 0;
    $("parameters").hidden = $("table-field").hidden = found.parameters.length === 0;
    fillRows(found.parameters);
    plan();
  }

  function fillRows(parameters) {
    const kept = typed(); // a notebook that was saved again keeps what stands beside its names
    $("rows").replaceChildren(...parameters.map((one, index) => {
      const row = $("row").content.cloneNode(true).firstElementChild;
      const [label, field, help, error] = row.children;
      label.htmlFor = field.id = `f-p${index}`;
      help.id = `h-p${index}`;
      error.id = `e-p${index}`;
      field.setAttribute("aria-describedby", `${help.id} ${error.id}`);
      field.dataset.name = one.name;
      field.placeholder = one.default;
      field.value = Object.hasOwn(kept, one.name) ? kept[one.name] : "";
      label.children[0].textContent = one.name;
      label.children[1].textContent = one.type;
      help.textContent = [one.help, one.default && fill(said.unless, { value: one.default })].filter(Boolean).join(" · ");
      return row;
    }));
  }

  async function readTable() {
    [table, tableFault] = [noTable, ""];
    const file = $("f-table").files[0];
    $("no-table").hidden = !file;
    if (file) {
      const kind = /\.(csv|json)$/i.exec(file.name)?.[1].toLowerCase();
      const text = kind ? await file.text() : "";
      if (text.trim()) table = { table: text, table_kind: kind };
      else tableFault = kind ? said.table_blank : said.table_kind;
    }
    allRight();
    plan();
  }

  // ---- what it would be and cost ----
  async function plan() {
    clearTimeout(timer);
    const mine = ++asked;
    if (notebook === null || !hasValues()) {
      if (notebook !== null) allRight();
      show(null);
      return;
    }
    const found = await call("POST", "api/v1/sweep-plans", body(slim), undefined, (problem) => {
      if (mine === asked) refuse(problem);
    });
    if (!found || mine !== asked) return;
    allRight();
    show(found);
  }

  function show(found) {
    isPriced = Boolean(found);
    const runs = $("plan-runs");
    runs.textContent = found ? fill(said.runs, { runs: count(found.runs) }) : said.plan_empty;
    $("sweep-submit").textContent = found ? fill(said.submit_runs, { runs: count(found.runs) }) : said.submit;
    $("plan-rest").hidden = !found;
    if (!found) return;
    $("most-hours").textContent = hours(found.at_most_device_ms);
    $("most-cost").textContent = credits(found.at_most_microcredits);
    $("left").textContent = credits(found.left_microcredits);
    $("expected").hidden = found.expected_device_ms === null;
    if (found.expected_device_ms !== null) {
      $("expected-time").textContent = duration(found.expected_ms);
      $("expected-hours").textContent = hours(found.expected_device_ms);
      $("expected-cost").textContent = credits(found.expected_microcredits);
    }
    $("plan-low").textContent = low(found);
    $("first").replaceChildren(...found.first.map((point) => {
      const line = document.createElement("li");
      line.className = "params";
      for (const [name, value] of Object.entries(point)) {
        line.appendChild(document.createElement("code")).textContent = `${name}=${shown(value).slice(0, 80)}`;
      }
      return line;
    }), ...(found.runs > found.first.length ? [more(found.runs - found.first.length)] : []));
  }

  function more(left) {
    const line = document.createElement("li");
    line.className = "note";
    line.textContent = fill(said.more, { count: count(left) });
    return line;
  }

  function low(found) {
    const isMeasured = found.expected_microcredits !== null;
    const cost = isMeasured ? found.expected_microcredits : found.at_most_microcredits;
    if (cost <= found.left_microcredits) return "";
    const runs = Math.max(0, Math.floor((found.left_microcredits / cost) * found.runs));
    return fill(isMeasured ? said.low_measured : said.low, { runs: count(runs), all: count(found.runs) });
  }

  // ---- one run first ----
  function tell(run) {
    const error = run.error ? `${run.error.name}: ${run.error.value}` : run.reason_text;
    $("pilot").hidden = false;
    $("pilot-said").textContent = fill(said.pilot_state, { state: said[`state_${run.state}`] });
    $("pilot-link").href = `${prefix}/runs/${encodeURIComponent(run.id)}`;
    const took = run.ended_ms && run.started_ms ? run.ended_ms - run.started_ms : 0;
    if (run.state === "succeeded") $("pilot-more").textContent = fill(said.pilot_took, { span: took < 60000 ? `${(took / 1000).toFixed(1)}${words.unit_s}` : duration(took) });
    else if (run.ended_ms) $("pilot-more").textContent = fill(said.pilot_failed, { error: (error || "-").slice(0, 300) });
    else if (run.cells_total) $("pilot-more").textContent = fill(said.pilot_cells, { done: run.cells_done, total: run.cells_total });
    else $("pilot-more").textContent = run.standing?.reason_text || said.pilot_waits;
  }

  async function follow(id) {
    while (pilot?.id === id && !pilot.ended_ms) {
      tell(pilot);
      const began = Date.now();
      const path = `${prefix}/api/v1/runs/${encodeURIComponent(id)}?wait_s=20&seen=${encodeURIComponent(pilot.version)}`;
      const answer = await fetch(path, { credentials: "same-origin" }).catch(() => null);
      if (answer && answer.status >= 400 && answer.status < 500) break;
      const fresh = answer?.ok ? await answer.json() : null;
      if (pilot?.id !== id) return;
      pilot = fresh || pilot;
      if (Date.now() - began < 1000) await new Promise((done) => setTimeout(done, 1500));
    }
    if (pilot?.id !== id) return;
    tell(pilot);
    plan();
  }

  // ---- sending ----
  function isReady() {
    if (notebook === null) {
      if (!$("e-notebook").textContent) wrong("notebook", words.file_missing);
      $("f-notebook").focus();
    } else if (rows().length === 0) {
      wrong("notebook", said.no_parameters);
      $("f-notebook").focus();
    } else if (tableFault) {
      $("f-table").focus(); // a table that is chosen must not be left out in silence
    } else if (!hasValues()) {
      wrong("plan", said.no_values);
      rows()[0].focus();
    }
    return notebook !== null && !tableFault && hasValues() && !isBusy;
  }

  async function send(button, path, sameKey) {
    if (!isReady()) return null;
    isBusy = true;
    button.ariaBusy = "true";
    clearTimeout(timer);
    asked++; // a plan that is still on its way must not wipe out a refusal
    const made = await call("POST", path, body(notebook), sameKey, refuse);
    isBusy = false;
    button.ariaBusy = null;
    if (!made) form.querySelector('[aria-invalid="true"]')?.focus();
    return made;
  }

  form.addEventListener("input", (event) => {
    // Other content is another request; the same content sent twice stays one.
    [key, pilotKey] = [newKey(), newKey()];
    isPriced = false;
    submitting.follow(event.target);
    clearTimeout(timer);
    if (event.target.type !== "file") timer = setTimeout(plan, PAUSE_MS);
  });
  $("f-notebook").addEventListener("change", read);
  $("f-table").addEventListener("change", readTable);
  $("no-table").addEventListener("click", () => {
    $("f-table").value = "";
    [key, pilotKey] = [newKey(), newKey()];
    readTable();
    $("f-table").focus();
  });
  $("pilot-submit").addEventListener("click", async () => {
    const run = await send($("pilot-submit"), "api/v1/sweep-pilots", pilotKey);
    if (!run) return;
    [pilot, pilotKey] = [run, newKey()];
    plan();
    follow(run.id);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    // Nobody submits what they have not seen the price of: it is shown, and asked for once more.
    if (!isPriced) {
      if (!isReady()) return;
      await plan();
      (form.querySelector('[aria-invalid="true"]') || $("sweep-submit")).focus();
      return;
    }
    const sweep = await send($("sweep-submit"), "api/v1/sweeps", key);
    if (sweep) location.assign(`${prefix}/sweeps/${encodeURIComponent(sweep.id)}`);
  });

  if ($("f-table").files[0]) readTable();
  if ($("f-notebook").files[0]) read();
}

if ($("sweep-form")) start($("sweep-form"));
