// The form of settings: saves what is written, and shows what the API answers.

const form = document.getElementById("settings-form");
const { call, words } = window.madang;
const value = (id) => document.getElementById(id)?.value.trim() ?? "";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const save = document.getElementById("settings-save");
  if (save.ariaBusy === "true") return;
  save.ariaBusy = "true";
  const kinds = [...form.querySelectorAll('input[name="kind"]:checked')].map((box) => box.value);
  const view = await call("PUT", "api/v1/me/notices", {
    mail: value("f-mail"), webhook_url: value("f-webhook"), lang: value("f-lang"), kinds,
  });
  save.ariaBusy = null;
  if (!view) return;
  document.getElementById("secret").textContent = view.webhook_secret;
  document.getElementById("secret-row").hidden = !view.webhook_secret;
  document.getElementById("settings-said").textContent = words.saved;
});
