// The page's script: the files of this folder one after the other, as one module.
// ---- dom.js: making elements. Text only ever becomes text nodes; the page has no innerHTML.

const $ = (id) => document.getElementById(id);

/** An element with properties (`dataset`, `onclick`, `ariaLabel`, ...) and children (nodes, strings, null). */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "dataset") Object.assign(element.dataset, value);
    else element[name] = value;
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

function iconButton(name, label, onclick) {
  return make("button", { type: "button", className: "plain", ariaLabel: label, title: label, onclick }, icon(name));
}

/** For those who hear the page. */
function announce(text) {
  $("status").textContent = text;
}

let toastTimer = 0;
/** A line at the bottom for some seconds, perhaps with something to do about it. */
function toast(text, action = null, run = null) {
  const [line, button] = $("toast").children;
  line.textContent = text;
  button.hidden = !action;
  button.textContent = action ?? "";
  button.onclick = () => { $("toast").hidden = true; run?.(); };
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, action ? 9000 : 4000);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // a page that came over plain HTTP from another machine has no clipboard
    const area = make("textarea", { value: text, className: "hidden" });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce("Copied");
}
