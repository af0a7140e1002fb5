// The form that repeats a sweep at set times. What a line means and when it comes next the service
// says; this file asks while one types, shows the answer, and posts once.

const $ = (id) => document.getElementById(id);
const PAUSE_MS = 300;

function start(form) {
  const { call, prefix, newKey } = window.madang;
  let key = newKey(), asked = 0, timer = 0, isRight = false, isSending = false;

  function cron() {
    const how = $("f-how").value;
    if (how === "cron") return $("f-line").value.trim();
    const [hour, minute] = $("f-time").value.split(":").map(Number);
    return `${minute} ${hour} * * ${how === "weekly" ? $("f-weekday").value : "*"}`;
  }

  function fit() {
    for (const part of form.querySelectorAll("[data-for]")) {
      part.hidden = !part.dataset.for.split(" ").includes($("f-how").value);
    }
  }

  function say(name, message) {
    $(`e-${name}`).textContent = message;
    const field = $(`f-${name}`);
    if (message) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
  }

  function allRight() {
    for (const name of ["time", "line", "zone", "name", "plan"]) say(name, "");
  }

  function placeOf({ code = "", details = {} }) {
    if (code === "zone_unknown" || details.field === "timezone") return "zone";
    if (/^cron/.test(code) || details.field === "cron") return $("f-how").value === "cron" ? "line" : "time";
    return /^name/.test(code) || details.field === "name" ? "name" : "plan";
  }

  function refuse(problem) {
    allRight();
    show(null);
    say(placeOf(problem), `${problem.message} ${problem.hint}`);
  }

  function show(found) {
    isRight = Boolean(found);
    $("next-when").textContent = found ? `${found.when_text} · ${found.timezone}` : form.dataset.none;
    $("next").replaceChildren(...(found ? found.next_text : []).map((moment) => {
      const line = document.createElement("li");
      line.textContent = moment;
      return line;
    }));
  }

  async function look() {
    clearTimeout(timer);
    const mine = ++asked;
    const query = new URLSearchParams({ cron: cron(), timezone: $("f-zone").value.trim() });
    const found = await call("GET", `api/v1/schedule-times?${query}`, undefined, undefined, (problem) => {
      if (mine === asked) refuse(problem);
    });
    if (!found || mine !== asked) return;
    allRight();
    show(found);
  }

  form.addEventListener("input", () => {
    // Other content is another request; the same content sent twice stays one.
    key = newKey();
    isRight = false;
    fit();
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending) return;
    // Nobody saves times that they have not seen.
    if (!isRight) await look();
    if (isRight) {
      isSending = true;
      $("schedule-submit").ariaBusy = "true";
      const made = await call("POST", form.dataset.sendTo, {
        cron: cron(), timezone: $("f-zone").value.trim(), name: $("f-name").value.trim(), overlap: $("f-overlap").checked,
      }, key, refuse);
      isSending = false;
      $("schedule-submit").ariaBusy = null;
      if (made) { location.assign(`${prefix}/schedules#${encodeURIComponent(made.id)}`); return; }
    }
    form.querySelector('[aria-invalid="true"]')?.focus();
  });

  fit();
  look();
}

if ($("schedule-form")) start($("schedule-form"));
