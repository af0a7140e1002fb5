// Keeps a page live and sends a person's acts to the API. Everything shown comes from the server;
// this file must not know any rule of the house.

const body = document.body;
const prefix = body.dataset.prefix;
const words = JSON.parse(body.dataset.words);
const csrf = document.querySelector('meta[name="madang-csrf"]').content;
const $ = (id) => document.getElementById(id);
const screenNow = () => $("screen");
let clockOffset = Number(screenNow().dataset.now) - Date.now();

// ---- words and times (the same rules as wording.py) ----
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, key) => values[key] ?? all);

function duration(ms) {
  const steps = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  for (let i = 0; i < steps.length; i++) {
    const [unit, size] = steps[i];
    if (seconds < size && unit !== "s") continue;
    let text = Math.floor(seconds / size) + words["unit_" + unit];
    if (unit === "d" || unit === "h") {
      const rest = Math.floor((seconds % size) / steps[i + 1][1]);
      if (rest) text += " " + rest + words["unit_" + steps[i + 1][0]];
    }
    return text;
  }
}

function relative(at, now, form) {
  const ahead = at - now;
  if (form === "clock") {
    const s = Math.floor(Math.max(0, ahead) / 1000);
    return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
  }
  if (form === "for") return duration(-ahead);
  if (form === "ago") return fill(words.time_ago, { span: duration(-ahead) });
  if (ahead < 1000) return words[`time_${form}_past`];
  return fill(words[`time_${form}`], { span: duration(ahead) });
}

function tick() {
  const now = Date.now() + clockOffset;
  for (const node of document.querySelectorAll("time[data-ms]")) {
    const text = relative(Number(node.dataset.ms), now, node.dataset.form);
    if (node.textContent !== text) node.textContent = text;
    if (node.dataset.said !== node.dataset.ms) {
      node.dataset.said = node.dataset.ms;
      node.title = new Date(Number(node.dataset.ms)).toLocaleString(document.documentElement.lang);
    }
  }
}

// ---- notes and questions ----
function toast(message, hint = "") {
  const note = document.createElement("div");
  note.className = "toast";
  const strong = document.createElement("strong");
  strong.textContent = message;
  const small = document.createElement("span");
  small.textContent = hint;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "×";
  close.ariaLabel = words.close;
  close.onclick = () => note.remove();
  note.append(strong, small, close);
  $("toasts").replaceChildren(note);
}

function ask(title, text, yes) {
  const dialog = $("ask");
  $("ask-title").textContent = title;
  $("ask-text").textContent = text;
  $("ask-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) =>
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
}

// randomUUID exists only on secure origins, and a lab server may be plain http.
const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

const note = ({ message, hint }) => toast(message, hint);
async function call(method, path, json, key = newKey(), refused = note) {
  const headers = { "X-Madang-CSRF": csrf, "Accept-Language": document.documentElement.lang };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (method === "POST") headers["Idempotency-Key"] = key;
  let answer;
  try {
    answer = await fetch(`${prefix}/${path}`, {
      method, headers, credentials: "same-origin", body: json === undefined ? undefined : JSON.stringify(json),
    });
  } catch {
    toast(words.no_answer, words.no_answer_hint);
    return null;
  }
  const data = await answer.json().catch(() => ({}));
  if (answer.ok) return data;
  refused({ message: fill(words.failed, { status: answer.status }), hint: words.no_answer_hint, ...data });
  return null;
}

// ---- fresh content: change the present nodes, so that focus, scroll and open parts stay ----
function syncAttributes(to, from) {
  for (const { name } of [...to.attributes]) {
    if (!from.hasAttribute(name) && name !== "open" && name !== "title") to.removeAttribute(name);
  }
  for (const { name, value } of from.attributes) {
    if (to.getAttribute(name) !== value) to.setAttribute(name, value);
  }
}

const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id || "") === (b.id || "");

// What moved, or stood behind something that is gone, keeps its node.
const mark = (node) => `${node.getAttribute("class")} ${node.dataset.action} ${node.getAttribute("href")}`;
function findLater(node, next) {
  for (let other = node; other; other = other.nextSibling) {
    if (isSame(other, next) && (next.id || mark(other) === mark(next))) return other;
  }
  return null;
}

function morph(to, from) {
  if (to.nodeType !== 1) {
    if (to.nodeValue !== from.nodeValue) to.nodeValue = from.nodeValue;
    return;
  }
  // A question that is open was filled for what was pressed; the server's is blank.
  if (to.nodeName === "DIALOG" && to.open) return;
  const atEnd = to.matches(".log") && to.scrollTop + to.clientHeight >= to.scrollHeight - 8;
  syncAttributes(to, from);
  let here = to.firstChild;
  for (const next of [...from.childNodes]) {
    let match = here;
    if (!match || !isSame(match, next)) {
      match = next.nodeType === 1 && findLater(here, next);
      if (match) to.insertBefore(match, here);
      else { to.insertBefore(next, here); continue; }
    }
    morph(match, next);
    here = match.nextSibling;
  }
  while (here) { const gone = here; here = here.nextSibling; gone.remove(); }
  if (atEnd) to.scrollTop = to.scrollHeight;
}

function titleNow() {
  const { title, phase } = screenNow().dataset;
  document.title = document.hidden && phase === "turn" ? words.your_turn : `${title} · ${words.brand}`;
}

let isRefreshing = false;
let wantsAnother = false;
async function refresh() {
  if (screenNow().dataset.live !== "on") return;
  if (isRefreshing) { wantsAnother = true; return; }
  isRefreshing = true;
  try {
    const answer = await fetch(location.href, { headers: { "X-Madang-Fragment": "1" }, credentials: "same-origin" });
    if (answer.headers.get("X-Madang-Fragment") !== "1") {
      if (answer.status < 500) location.reload(); // logged out, or the page moved
      else $("offline").hidden = false;
    } else if (answer.redirected) {
      location.replace(answer.url);
    } else if (answer.status >= 500) {
      $("offline").hidden = false;
    } else {
      show(await answer.text());
    }
  } catch {
    $("offline").hidden = false;
  } finally {
    isRefreshing = false;
    if (wantsAnother) { wantsAnother = false; changed(); }
  }
}

function show(html) {
  const before = screenNow().dataset.announce;
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("screen");
  const hadFocus = document.activeElement;
  morph(screenNow(), fresh);
  // Whoever stood on a button that is gone must not fall back to the top of the page.
  if (hadFocus && hadFocus !== body && document.activeElement !== hadFocus) {
    (hadFocus.isConnected ? hadFocus : $("main")).focus({ preventScroll: true });
  }
  $("offline").hidden = true;
  clockOffset = Number(screenNow().dataset.now) - Date.now();
  if (screenNow().dataset.announce !== before) $("hear").textContent = screenNow().dataset.announce;
  tick(); titleNow(); onward();
}

// ---- one event stream for each tab that is looked at ----
let stream = null, polling = 0, pending = 0, lastRefresh = 0;
function changed() {
  if (pending) return;
  const pause = Math.max(200, lastRefresh + 1000 - Date.now());
  pending = setTimeout(() => { pending = 0; lastRefresh = Date.now(); refresh(); }, pause);
}

function poll(on) {
  clearInterval(polling);
  polling = setInterval(refresh, on ? 5000 : 60000);
}

function listen() {
  if (stream || document.hidden || screenNow().dataset.live !== "on") return;
  poll(true);
  stream = new EventSource(`${prefix}/api/v1/events`);
  stream.onopen = () => { poll(false); changed(); };
  stream.addEventListener("change", changed);
  stream.onerror = () => {
    poll(true);
    if (stream && stream.readyState === EventSource.CLOSED) { hush(); poll(true); setTimeout(listen, 15000); }
  };
}

function hush() {
  if (stream) stream.close();
  stream = null;
  clearInterval(polling);
}

// A hidden waiting page has no stream; it asks in long polls, which browsers do not slow down.
let isWatching = false;
async function watchHidden() {
  if (isWatching) return;
  isWatching = true;
  while (document.hidden && screenNow().dataset.lease) {
    const { lease, version } = screenNow().dataset;
    const path = `${prefix}/api/v1/leases/${lease}?wait_s=20&seen=${encodeURIComponent(version)}`;
    const started = Date.now();
    try {
      const answer = await fetch(path, { credentials: "same-origin" });
      const fresh = answer.ok ? await answer.json() : null;
      if (fresh && String(fresh.version) !== version) await refresh();
    } catch { /* asked again below */ }
    if (Date.now() - started < 1000) await new Promise((done) => setTimeout(done, 5000));
  }
  isWatching = false;
}

document.addEventListener("visibilitychange", () => {
  titleNow();
  if (document.hidden) { hush(); watchHidden(); } else { listen(); refresh(); onward(); }
});
addEventListener("pagehide", hush);
addEventListener("pageshow", (event) => { if (event.persisted) { listen(); refresh(); } });

// ---- the waiting page: take the turn once somebody looks, go on once the server answers ----
let isClaiming = false, isGoing = false;
async function onward() {
  const { claim, check, open, phase, pending: asks } = screenNow().dataset;
  // A request that does not turn up was refused or never made; the hub's page says which.
  if (asks && !document.hidden && !isGoing && performance.now() > 4000) {
    isGoing = true;
    location.replace(asks);
    return;
  }
  if (claim && !document.hidden && !isClaiming) {
    isClaiming = true;
    if (await call("POST", claim)) changed();
    // A refusal is shown; the button stays for another try, so this does not repeat at once.
    setTimeout(() => { isClaiming = false; }, 5000);
  }
  if (check && !isGoing && !document.hidden) {
    const answer = await fetch(check, { redirect: "manual", credentials: "same-origin" }).catch(() => null);
    // The hub answers 404, 424 or 503 in place of a server that is not there yet.
    if (answer && answer.status && answer.status < 500 && ![404, 424].includes(answer.status)) {
      isGoing = true;
      location.assign(open);
    }
  }
  if (["looking", "starting"].includes(phase) && !document.hidden) changed();
}

// ---- acts ----
document.addEventListener("click", async (event) => {
  const language = event.target.closest("button[data-lang]");
  if (language) {
    document.cookie = `madang-lang=${language.dataset.lang}; Path=/; Max-Age=31536000; SameSite=Lax`;
    location.reload();
    return;
  }
  const button = event.target.closest("button[data-action]");
  if (!button || button.ariaBusy === "true") return;
  const { action, body: json, ask: title, askText, askYes, then } = button.dataset;
  if (title && !(await ask(title, askText, askYes))) return;
  button.ariaBusy = "true";
  const [method, path] = action.split(" ");
  const done = await call(method, path, json ? JSON.parse(json) : undefined);
  button.ariaBusy = null;
  if (done && then) location.assign(then);
  else if (done) refresh();
});

setInterval(tick, 1000);
setInterval(onward, 1000);
tick();
if (document.hidden) watchHidden(); else listen();
window.madang = { call, words, fill, prefix, newKey, refresh, duration }; // for forms
