// The editor of a flow: line numbers, faults at their lines, completion from the schema, and a picture that follows the
// cursor. The text area itself stays as it is, with its own undo; without this file the page works by its buttons.
const form = document.querySelector(".editor");
const area = form.querySelector("textarea[name=text]");
const stale = document.querySelector(".stale");
const gutter = document.createElement("pre");
gutter.className = "gutter";
gutter.setAttribute("aria-hidden", "true");
area.before(gutter);

// ---- lines and faults

let wrong = new Map();

function readFaults() {
  wrong = new Map();
  for (const one of document.querySelectorAll("#found .faults [data-line]")) {
    const line = Number(one.dataset.line);
    if (wrong.get(line) !== "error") wrong.set(line, one.className);
    if (one.querySelector("button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = `→ ${line}`;
    button.addEventListener("click", () => goTo(line));
    one.append(" ", button);
  }
}

function number() {
  const count = area.value.split("\n").length;
  gutter.replaceChildren(...Array.from({ length: count }, (_, n) => {
    const line = document.createElement("span");
    const kind = wrong.get(n + 1);
    if (kind) line.className = kind;
    line.textContent = `${kind ? "! " : ""}${n + 1}\n`;
    return line;
  }));
  gutter.scrollTop = area.scrollTop;
}

function goTo(line) {
  const before = area.value.split("\n").slice(0, line - 1).join("\n").length;
  area.focus();
  area.setSelectionRange(before + (line > 1 ? 1 : 0), before + (line > 1 ? 1 : 0));
  area.scrollTop = Math.max(0, (line - 5) * lineHeight());
  follow();
}

function lineHeight() {
  return parseFloat(getComputedStyle(area).lineHeight);
}

area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; close(); });

// ---- the check of the server, a little after the last key

let timer = 0;
let asked = 0;

async function check() {
  const mine = ++asked;
  const body = new FormData(form);
  body.set("do", "check");
  try {
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body, headers: { Accept: "text/html" } });
    if (!answer.ok && answer.status !== 422) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("found");
    if (mine !== asked || !found) return;
    const fresh = page.querySelector(".editor");
    if (!found.querySelector("svg")) {  // of a text that cannot be read the picture before is better than none
      const old = document.querySelector("#found .picture");
      const place = found.querySelector(".empty");
      if (old && place) place.after(old.cloneNode(true));
    } else form.dataset.nodes = fresh.dataset.nodes;
    document.getElementById("found").replaceWith(document.adoptNode(found));
    readFaults();
    number();
    follow();
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  }
}

area.addEventListener("input", () => {
  changed = true;
  number();
  clearTimeout(timer);
  timer = setTimeout(check, 700);
});

let changed = false;
form.addEventListener("submit", () => { changed = false; });
addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });

// ---- the picture follows the cursor, and the cursor the picture

function nodeAt(position) {
  const above = area.value.slice(0, position).split("\n");
  const rest = area.value.slice(position).split("\n")[0];
  above[above.length - 1] += rest;
  let node = "";
  let indent = -1;
  let inside = false;
  for (const line of above) {
    if (/^\S/.test(line) && !line.startsWith("#")) { inside = /^nodes\s*:/.test(line); indent = -1; node = ""; continue; }
    const key = inside && /^( +)(?:"([^"]+)"|'([^']+)'|([^\s:#"'-][^:]*?))\s*:/.exec(line);
    if (!key) continue;
    if (indent < 0) indent = key[1].length;
    if (key[1].length === indent) node = key[2] || key[3] || key[4];
  }
  return node;
}

let shown = "";

function follow() {
  const node = nodeAt(area.selectionStart);
  const cards = document.querySelectorAll("#found [data-node]");
  for (const card of cards) card.classList.toggle("d-cursor", card.dataset.node === node && Boolean(node));
  if (node === shown) return;
  shown = node;
  const card = [...cards].find((one) => one.dataset.node === node);
  const box = card && card.closest(".picture");
  if (!box) return;
  const place = card.getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  box.scrollLeft += place.left + place.width / 2 - frame.left - frame.width / 2;
  box.scrollTop += place.top + place.height / 2 - frame.top - frame.height / 2;
}

document.addEventListener("selectionchange", () => { if (document.activeElement === area) follow(); });
document.addEventListener("click", (event) => {
  const card = event.target.closest && event.target.closest("#found [data-node]");
  if (!card) return;
  const lines = area.value.split("\n");
  const at = lines.findIndex((line, n) => /^ +\S/.test(line) && line.includes(card.dataset.node)
    && nodeAt(lines.slice(0, n).join("\n").length + 1) === card.dataset.node);
  if (at >= 0) goTo(at + 1);
});

// ---- completion: where the cursor is in the file says what may be written there

let schema = null;

async function known() {
  if (!schema) schema = await (await fetch(form.dataset.schema)).json();
  return schema;
}

function resolved(part) {
  const found = part && part.$ref ? schema.$defs[part.$ref.split("/").pop()] : part;
  if (!found) return [];
  const more = [...(found.anyOf || []), ...(found.oneOf || []), ...(found.allOf || [])].flatMap(resolved);
  return [found, ...more];
}

function below(parts, key) {
  return parts.flatMap((part) => {
    if (key === null) return part.items ? resolved(part.items) : [];
    if (part.properties && part.properties[key]) return resolved(part.properties[key]);
    if (part.patternProperties) return Object.values(part.patternProperties).flatMap(resolved);
    return part.additionalProperties && part.additionalProperties !== true ? resolved(part.additionalProperties) : [];
  });
}

// The keys above a line, from the outermost: [column, key], and [column, null] for an item of a list.
function pathTo(lines, column) {
  const found = [];
  for (let n = lines.length - 1; n >= 0 && column > 0; n--) {
    const line = lines[n].replace(/\s#.*$/, "");
    if (!line.trim()) continue;
    const marks = [...places(line)].reverse();
    for (const [at, key] of marks) if (at < column) { found.unshift(key); column = at; }
  }
  return found;
}

function* places(line) {
  let at = line.search(/\S/);
  while (line[at] === "-" && (line[at + 1] === " " || at + 1 === line.length)) {
    yield [at, null];
    const next = line.slice(at + 1).search(/\S/);
    if (next < 0) return;
    at += next + 1;
  }
  const key = /^(?:"([^"]*)"|'([^']*)'|([^\s:{[][^:]*?))\s*:(?:\s|$)/.exec(line.slice(at));
  if (key) yield [at, key[1] ?? key[2] ?? key[3]];
}

function candidates() {
  const position = area.selectionStart;
  const lines = area.value.slice(0, position).split("\n");
  const line = lines[lines.length - 1];
  const word = /[\p{L}\p{N}_-]*$/u.exec(line)[0];
  const before = line.slice(0, line.length - word.length);
  const flow = /([{,]\s*)$/.exec(before) && before.lastIndexOf("{") > before.lastIndexOf("}");
  const value = /([\p{L}\p{N}_-]+)\s*:\s*$/u.exec(before);
  if (value) {
    const name = value[1];
    const inside = before.slice(0, value.index);
    const path = [...pathTo([...lines.slice(0, -1), inside.replace(/\S.*$/, "")], Math.max(inside.search(/\S|$/), 0)), ...marksOf(inside)];
    const words = valuesOf(name, path, below(follows(path), name));
    return { word, more: "", found: words.filter((one) => one.text.startsWith(word) && one.text !== word) };
  }
  if (!flow && !/^[\s-]*$/.test(before)) return { word, found: [] };
  const path = flow ? [...pathTo(lines.slice(0, -1), line.search(/\S/)), ...marksOf(before)] : pathTo([...lines.slice(0, -1), before], before.length);
  const keys = new Map();
  for (const part of follows(path))
    for (const [key, what] of Object.entries(part.properties || {})) {
      const text = what.description || resolved(what).map((one) => one.description).find(Boolean) || part.description || "";
      if (!keys.has(key)) keys.set(key, text);
    }
  const found = [...keys].filter(([key]) => key.startsWith(word) && key !== word).map(([key, what]) => ({ text: key, what }));
  return { word, more: ": ", found };
}

// The keys that are open on a line itself: list items, its key, and braces behind that.
function marksOf(line) {
  const found = [...places(line)].map(([, key]) => key);
  const opened = line.split("{").length - line.split("}").length;
  if (opened > 1) for (const one of [...line.matchAll(/([\p{L}\p{N}_-]+)\s*:\s*\{/gu)].slice(-opened).slice(1)) found.push(one[1]);
  return found;
}

function follows(path) {
  return path.reduce((parts, key) => below(parts, key), resolved(schema));
}

function valuesOf(name, path, parts) {
  const words = (text) => (form.dataset[text] || "").split(" ").filter(Boolean).map((one) => ({ text: one, what: "" }));
  const flags = parts.some((part) => part.type === "boolean") ? ["true", "false"] : [];
  const fixed = [...parts.flatMap((part) => part.enum || (part.const === undefined ? [] : [part.const])), ...flags];
  if (fixed.length) return fixed.map((one) => ({ text: String(one), what: "" }));
  if (["goto", "else", "start", "without_number"].includes(name) || path[path.length - 1] === "on") return words("nodes");
  if (["play", "prompt", "confirm", "whisper", "abandoned", "wrong_number"].includes(name)) return words("prompts");
  return name === "flow" && path.includes("call") || name === "call" ? words("flows") : [];
}

const list = document.createElement("ul");
list.className = "complete";
list.id = "complete";
list.hidden = true;
list.setAttribute("role", "listbox");
list.setAttribute("aria-label", form.querySelector("label").textContent);
area.parentElement.append(list);
area.setAttribute("aria-autocomplete", "list");
let open = null;
let chosen = -1;

function close() {
  list.hidden = true;
  open = null;
  area.removeAttribute("aria-activedescendant");
  area.removeAttribute("aria-controls");
}

async function complete(wanted) {
  await known();
  const { word, found, more } = candidates();
  if (!found.length && !wanted) return close();
  open = { word, more, found };
  list.replaceChildren(...found.slice(0, 50).map((one, n) => {
    const item = document.createElement("li");
    item.id = `complete-${n}`;
    item.setAttribute("role", "option");
    item.textContent = one.text;
    if (one.what) {
      const small = document.createElement("small");
      small.textContent = one.what.slice(0, 120);
      item.append(small);
    }
    item.addEventListener("mousedown", (event) => { event.preventDefault(); accept(n); });
    return item;
  }));
  if (!found.length) {
    const item = document.createElement("li");
    item.setAttribute("role", "option");
    item.setAttribute("aria-disabled", "true");
    item.textContent = form.dataset.none;
    list.append(item);
  }
  const lines = area.value.slice(0, area.selectionStart).split("\n");
  list.hidden = false;
  area.setAttribute("aria-controls", "complete");
  list.style.top = `${Math.min(lines.length * lineHeight() - area.scrollTop + 10, area.clientHeight - 60)}px`;
  list.style.left = `${Math.min(gutter.offsetWidth + lines[lines.length - 1].length * lineHeight() * 0.4 - area.scrollLeft, Math.max(0, area.parentElement.clientWidth - 240))}px`;
  choose(wanted && found.length ? 0 : -1);
}

function choose(n) {
  chosen = n;
  [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === n)));
  if (n >= 0) {
    area.setAttribute("aria-activedescendant", `complete-${n}`);
    list.children[n].scrollIntoView({ block: "nearest" });
  } else area.removeAttribute("aria-activedescendant");
}

function put(text, from, to) {
  area.focus();
  area.setSelectionRange(from, to);
  if (!document.execCommand("insertText", false, text)) {  // it keeps the browser's undo
    area.setRangeText(text, from, to, "end");
    area.dispatchEvent(new Event("input"));
  }
}

function accept(n) {
  const { word, more, found } = open;
  const here = area.selectionStart;
  const behind = area.value[here] === ":" ? "" : more;
  close();
  put(found[n].text + behind, here - word.length, here);
}

area.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.code === "Space") { event.preventDefault(); complete(true); return; }
  if ((event.ctrlKey || event.metaKey) && event.key === "s") { event.preventDefault(); form.querySelector("[value=save]").click(); return; }
  if (open && event.key === "Escape") { event.preventDefault(); close(); return; }
  if (open && open.found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const most = list.children.length;
    choose((chosen + (event.key === "ArrowDown" ? 1 : most - 1) + (chosen < 0 && event.key === "ArrowUp" ? 1 : 0)) % most);
    return;
  }
  if (open && chosen >= 0 && event.key === "Enter") { event.preventDefault(); accept(chosen); return; }
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    const line = area.value.slice(0, area.selectionStart).split("\n").pop();
    event.preventDefault();
    close();
    put(`\n${/^ */.exec(line)[0]}`, area.selectionStart, area.selectionEnd);
  }
});
area.addEventListener("input", (event) => {
  if (event.inputType === "insertText" && /[\p{L}_]/u.test(event.data || "")) complete(false); else close();
});
area.addEventListener("blur", close);

readFaults();
number();
follow();
