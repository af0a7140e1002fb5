// What a page owes to people who do not see it, or see it badly. Returns complaints; none is good.
() => {
  const wrong = [];
  const isShown = (node) => node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const isHeard = (node) => node.closest(".hear, .skip, [aria-hidden=true]") !== null;
  const place = (node) => `<${node.tagName.toLowerCase()} class="${node.getAttribute("class") || ""}"> ${node.textContent.trim().slice(0, 40)}`;

  // -- colours: WCAG 2.2 AA, from what the browser computed
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = (top, under) => {
    const a = top[3] / 255;
    return [0, 1, 2].map((i) => top[i] * a + under[i] * (1 - a)).concat(255);
  };
  const ground = (node) => {
    const layers = [];
    for (let here = node; here; here = here.parentElement) {
      const style = getComputedStyle(here);
      if (style.backgroundImage !== "none") return null;
      const colour = rgba(style.backgroundColor);
      if (colour[3]) layers.push(colour);
      if (colour[3] === 255) break;
    }
    const page = matchMedia("(prefers-color-scheme: dark)").matches ? [0, 0, 0, 255] : [255, 255, 255, 255];
    return layers.reverse().reduce((under, top) => over(top, under), page);
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
  };
  const seen = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.nodeValue.trim() || seen.has(node) || !isShown(node) || isHeard(node)) continue;
    if (node.closest("script, style, svg, option, [disabled], .jp-Notebook")) continue;
    seen.add(node);
    const style = getComputedStyle(node), under = ground(node);
    if (!under) continue;
    const size = parseFloat(style.fontSize), isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(over(rgba(style.color), under), under);
    if (found < (isLarge ? 3 : 4.5)) wrong.push(`contrast ${found.toFixed(2)}: ${place(node)}`);
  }

  // -- names, roles, order
  const nameOf = (node) => (node.getAttribute("aria-label") || [...(node.labels || [])].map((l) => l.textContent).join(" ")
    || (node.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent || "").join("")
    || node.textContent || node.title || node.alt || "").trim();
  for (const node of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, [role=img], [role=region], dialog, nav, iframe")) {
    // A dialog that is closed gets its title when it is opened.
    if (node.closest("dialog:not([open])")) continue;
    if (isShown(node) && !nameOf(node)) wrong.push(`without a name: ${place(node)}`);
  }
  let level = 0;
  for (const node of document.querySelectorAll("h1, h2, h3, h4")) {
    if (!isShown(node)) continue;
    const next = Number(node.tagName[1]);
    if (next > level + 1) wrong.push(`heading h${next} after h${level}: ${place(node)}`);
    level = next;
  }
  if ([...document.querySelectorAll("h1")].filter(isShown).length !== 1) wrong.push("not one h1");
  if (!["ko", "en"].includes(document.documentElement.lang)) wrong.push(`lang is ${document.documentElement.lang}`);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of ids.filter((one, at) => ids.indexOf(one) !== at)) wrong.push(`id twice: ${id}`);
  for (const name of ["aria-labelledby", "aria-describedby", "aria-controls"]) {
    for (const node of document.querySelectorAll(`[${name}]`)) {
      for (const id of node.getAttribute(name).split(" ")) if (!document.getElementById(id)) wrong.push(`${name} leads nowhere: ${id}`);
    }
  }
  for (const table of document.querySelectorAll("table")) {
    if (!table.querySelector("th[scope]")) wrong.push(`table without headers: ${place(table)}`);
  }
  if (!document.querySelector("main")) wrong.push("no main");
  // Before the login there is nowhere to go.
  if (document.querySelector("#logout") && !document.querySelector("nav")) wrong.push("no nav");

  // -- room: nothing wider than the page, targets that a finger hits
  if (document.documentElement.scrollWidth > innerWidth) {
    const wide = [...document.querySelectorAll("main *")].filter((node) => isShown(node) && !node.closest(".scroll, pre, .hear")
      && node.getBoundingClientRect().right > innerWidth + 1);
    wrong.push(`wider than the page by ${document.documentElement.scrollWidth - innerWidth}: ${wide.slice(0, 2).map(place)}`);
  }
  for (const node of document.querySelectorAll("button, .btn, nav a, select, input:not([type=hidden])")) {
    const box = node.getBoundingClientRect();
    if (isShown(node) && !isHeard(node) && !node.closest(".choice, .check, .profile") && (box.width < 24 || box.height < 24)) {
      wrong.push(`smaller than 24 px: ${place(node)}`);
    }
  }
  return wrong;
}
