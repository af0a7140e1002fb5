// The hub's pages: language, dark colours for what Bootstrap draws, relative times, the one question,
// and acts through the hub's API. It must not know any rule of the house.
(function () {
  const root = document.documentElement;
  const isKorean = () => root.classList.contains("m-ko");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => { root.dataset.bsTheme = dark.matches ? "dark" : "light"; };
  paint();
  dark.addEventListener("change", paint);

  function show(lang) {
    root.classList.remove("m-ko", "m-en");
    root.classList.add("m-" + lang);
    root.lang = lang;
    for (const button of document.querySelectorAll("button[data-lang]")) {
      button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
    }
    for (const node of document.querySelectorAll("[data-ko]")) {
      const words = node.dataset[lang];
      if (node.tagName === "INPUT") node.placeholder = words; else node.textContent = words;
    }
    const heading = document.querySelector("main h1");
    if (heading) document.title = heading.innerText.trim() + " · " + (lang === "ko" ? "마당" : "Madang");
    for (const node of document.querySelectorAll("time[datetime]")) node.textContent = ago(node.dateTime, lang);
    document.dispatchEvent(new CustomEvent("madang-lang", { detail: lang }));
  }

  function ago(moment, lang) {
    const seconds = (new Date(moment) - Date.now()) / 1000;
    const steps = [["day", 86400], ["hour", 3600], ["minute", 60]];
    const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) || ["second", Infinity];
    return new Intl.RelativeTimeFormat(lang, { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
  }

  function ask(title, text, yes) {
    const dialog = document.getElementById("ask");
    document.getElementById("ask-title").textContent = title;
    document.getElementById("ask-text").textContent = text;
    document.getElementById("ask-yes").textContent = yes;
    dialog.returnValue = "no";
    dialog.showModal();
    return new Promise((done) =>
      dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true }));
  }

  function fail(message) {
    const place = document.getElementById("problem");
    place.textContent = message;
    place.hidden = false;
  }

  async function call(method, path, body) {
    const answer = await fetch(jhdata.base_url + "api/" + path, {
      method,
      headers: { "Content-Type": "application/json", "X-XSRFToken": jhdata.xsrf_token },
      body: body === undefined ? undefined : JSON.stringify(body),
    }).catch(() => null);
    if (answer && answer.ok) return answer.status === 204 ? {} : answer.json().catch(() => ({}));
    const data = answer ? await answer.json().catch(() => ({})) : {};
    fail(data.message || (isKorean() ? "처리하지 못했습니다. 잠시 뒤 다시 시도해 주세요." : "That did not work. Please try again in a moment."));
    return null;
  }

  // What everybody is told now; the service has it in both languages. Without an answer: nothing.
  async function tell() {
    const place = document.getElementById("notice");
    if (!place) return;
    const answer = await fetch(place.dataset.at, { credentials: "omit" }).catch(() => null);
    const words = answer && answer.ok ? await answer.json().catch(() => null) : null;
    if (!words) return;
    place.dataset.ko = words.ko;
    place.dataset.en = words.en;
    place.textContent = words[isKorean() ? "ko" : "en"];
    place.hidden = false;
  }

  const found = document.cookie.match(/(?:^|; )madang-lang=(ko|en)/);
  const preferred = (navigator.language || "en").toLowerCase().startsWith("ko") ? "ko" : "en";
  const first = found ? found[1] : preferred;
  root.classList.add("m-" + first);
  root.lang = first;
  addEventListener("DOMContentLoaded", () => { show(first); tell(); });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-lang]");
    if (!button) return;
    document.cookie = "madang-lang=" + button.dataset.lang + "; Path=/; Max-Age=31536000; SameSite=Lax";
    show(button.dataset.lang);
  });
  document.addEventListener("submit", (event) => {
    const button = event.target.querySelector("button[type=submit]");
    if (button) button.ariaBusy = "true";
  });
  addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("button[aria-busy]")) button.ariaBusy = null;
  });
  window.madang = { call, ask, fail, isKorean };
})();
