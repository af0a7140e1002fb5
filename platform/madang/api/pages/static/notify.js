// The waiting page's notice of the browser: asks once, on a click, and shows it when the turn comes
// while nobody looks. Without a secure origin browsers have none, and the button stays away.

const $ = (id) => document.getElementById(id);
const can = window.isSecureContext && "Notification" in window;
let phase = $("screen").dataset.phase;

function draw() {
  const button = $("notify"), said = $("notify-said");
  if (!button || !can) return;
  const { words } = window.madang;
  const isOpen = Notification.permission === "default";
  if (button.hidden === isOpen) button.hidden = !isOpen;
  const text = { granted: words.notify_on, denied: words.notify_off }[Notification.permission] || "";
  if (said.textContent !== text) said.textContent = text;
}

function look() {
  draw();
  const { phase: now, lease } = $("screen").dataset;
  if (now === phase) return;
  phase = now;
  if (now !== "turn" || !document.hidden || !can || Notification.permission !== "granted") return;
  try {
    const { words } = window.madang;
    const note = new Notification(words.your_turn, { body: words.notify_body, tag: `madang-${lease}` });
    note.onclick = () => { window.focus(); note.close(); };
  } catch { /* some phones know the word and show nothing; mail and webhook remain */ }
}

document.addEventListener("click", async (event) => {
  if (!event.target.closest("#notify")) return;
  await Notification.requestPermission();
  draw();
});
new MutationObserver(look).observe($("screen"), { attributes: true, childList: true, subtree: true });
look();
