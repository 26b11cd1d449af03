// ---- markdown.js: what models write (most of GitHub's Markdown) as elements. Never HTML: a tag in the text is text.
// Images are shown as links, because the page loads nothing from anywhere.

const kMaxNesting = 12;

/** Shows `text` in `parent`. While an answer grows only its last blocks change; the others are left as they are. */
function renderMarkdown(parent, text) {
  const blocks = splitBlocks(text);
  blocks.forEach((block, i) => {
    const old = parent.children[i];
    const source = block.kind + "\n" + block.lines.join("\n");
    if (old?.markdownSource === source) return;
    const fresh = renderBlock(block, 0);
    fresh.markdownSource = source;
    if (old) old.replaceWith(fresh);
    else parent.append(fresh);
  });
  while (parent.children.length > blocks.length) parent.lastElementChild.remove();
}

// No two neighbouring parts of a pattern match the same character: a line of 100,000 spaces takes linear time.
const kFence = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const kHeading = /^ {0,3}(#{1,6})\s(.*)$/;
const kRule = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const kQuote = /^ {0,3}> ?/;
const kItem = /^( *)([-*+]|\d{1,9}[.)])( +|$)/;

const isBlank = (line) => /^\s*$/.test(line);
const beginsBlock = (line) => kFence.test(line) || kHeading.test(line) || kRule.test(line) || kQuote.test(line) || kItem.test(line);

/** The text as blocks: { kind, lines, ... }, in one pass over its lines. */
function splitBlocks(text) {
  const lines = text.replaceAll("\r\n", "\n").split("\n");
  const blocks = [];
  for (let i = 0; i < lines.length;) {
    if (isBlank(lines[i])) { i += 1; continue; }
    const block = takeBlock(lines, i);
    blocks.push(block);
    i = block.end;
  }
  return blocks;
}

function takeBlock(lines, begin) {
  const line = lines[begin];
  const fence = kFence.exec(line);
  if (fence) return takeFence(lines, begin, fence);
  if (kHeading.test(line)) return { kind: "heading", lines: [line], end: begin + 1 };
  if (kRule.test(line)) return { kind: "rule", lines: [line], end: begin + 1 };
  if (kQuote.test(line)) return takeWhile("quote", lines, begin, (next) => !isBlank(next) && (kQuote.test(next) || !beginsBlock(next)));
  if (kItem.test(line)) return takeList(lines, begin);
  if (line.includes("|") && isTableRule(lines[begin + 1] ?? "")) return takeWhile("table", lines, begin, (next) => next.includes("|"));
  return takeWhile("paragraph", lines, begin, (next) => !isBlank(next) && !beginsBlock(next));
}

const cellsOf = (line) => line.trim().replace(/^\|/, "").replace(/\|$/, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

/** "|---|:-:|", the second line of a table. */
const isTableRule = (line) => /^[\s|:-]+$/.test(line) && line.includes("|") && cellsOf(line).every((cell) => /^:?-+:?$/.test(cell));

function takeWhile(kind, lines, begin, belongs) {
  let end = begin + 1;
  while (end < lines.length && belongs(lines[end])) end += 1;
  return { kind, lines: lines.slice(begin, end), end };
}

/** To the closing fence, or to the end of a text that has not got there yet. */
function takeFence(lines, begin, [, fence, language]) {
  let end = begin + 1;
  const closes = (line) => {
    const bare = line.trim();
    return bare.length >= fence.length && bare === fence[0].repeat(bare.length);
  };
  while (end < lines.length && !closes(lines[end])) end += 1;
  return { kind: "code:" + language.trim().split(/\s/)[0].slice(0, 40), lines: lines.slice(begin + 1, end), end: Math.min(end + 1, lines.length) };
}

/** All items of a list: what is indented deeper than the first marker, and items beside it. */
function takeList(lines, begin) {
  const first = kItem.exec(lines[begin]);
  const indent = first[1].length;
  const ordered = /\d/.test(first[2]);
  let end = begin + 1;
  for (; end < lines.length; end += 1) {
    const line = lines[end];
    if (isBlank(line)) {
      const next = lines[end + 1];
      if (next === undefined || isBlank(next)) break;
      const item = kItem.exec(next);
      const goesOn = indentOf(next) > indent || (item && item[1].length >= indent && /\d/.test(item[2]) === ordered);
      if (!goesOn) break;
      continue;
    }
    const item = kItem.exec(line);
    if (item && item[1].length <= indent + 1 && /\d/.test(item[2]) !== ordered) break;
    if (!item && indentOf(line) <= indent && beginsBlock(line)) break;
  }
  return { kind: "list", lines: lines.slice(begin, end), end };
}

const indentOf = (line) => line.length - line.trimStart().length;

function renderBlock(block, depth) {
  if (block.kind.startsWith("code:")) return renderCode(block.kind.slice(5), block.lines.join("\n"));
  switch (block.kind) {
    case "heading": {
      const [, marks, text] = kHeading.exec(block.lines[0]);
      return withInline(make("h" + Math.min(marks.length + 1, 6)), withoutClosingMarks(text.trim()));
    }
    case "rule": return make("hr");
    case "quote": return renderNested(make("blockquote"), block.lines.map((line) => line.replace(kQuote, "")), depth);
    case "list": return renderList(block.lines, depth);
    case "table": return renderTable(block.lines);
    default: return withInline(make("p"), block.lines.map((line) => line.trimStart()).join("\n"));
  }
}

/** "Title ##" is "Title". */
function withoutClosingMarks(text) {
  let end = text.length;
  while (text[end - 1] === "#") end -= 1;
  return end === 0 || /\s/.test(text[end - 1]) ? text.slice(0, end).trimEnd() : text;
}

/** Lines that hold blocks again; too deep, they are just text. */
function renderNested(parent, lines, depth) {
  if (depth >= kMaxNesting) return withInline(parent, lines.join("\n"));
  for (const block of splitBlocks(lines.join("\n"))) parent.append(renderBlock(block, depth + 1));
  return parent;
}

function renderList(lines, depth) {
  const [, lead, marker] = kItem.exec(lines[0]);
  const ordered = /\d/.test(marker);
  const list = make(ordered ? "ol" : "ul");
  if (ordered && parseInt(marker, 10) !== 1) list.start = parseInt(marker, 10);
  let item = [], width = 0;
  const finish = () => { if (item.length) list.append(renderItem(item, depth)); };
  for (const line of lines) {
    const match = kItem.exec(line);
    if (match && match[1].length <= lead.length + 1) {
      finish();
      width = match[0].length;
      item = [line.slice(width)];
    } else {
      item.push(line.slice(Math.min(indentOf(line), width)));
    }
  }
  finish();
  return list;
}

/** An item without blank lines is text and perhaps a list; one with them has paragraphs. */
function renderItem(lines, depth) {
  const item = make("li");
  const task = /^\[([ xX])\] /.exec(lines[0]);
  if (task) {
    lines[0] = lines[0].slice(4);
    item.append(make("input", { type: "checkbox", disabled: true, checked: task[1] !== " " }), " ");
  }
  while (lines.length > 1 && isBlank(lines.at(-1))) lines.pop();
  const loose = lines.some(isBlank);
  const blocks = make("div");
  renderNested(blocks, lines, depth);
  const first = blocks.firstElementChild;
  if (!loose && first?.tagName === "P") first.replaceWith(...first.childNodes);
  item.append(...blocks.childNodes);
  return item;
}

function renderTable(lines) {
  const aligns = cellsOf(lines[1]).map((rule) => (rule.endsWith(":") ? (rule.startsWith(":") ? "center" : "right") : ""));
  const row = (line, tag) => make("tr", {}, cellsOf(line).slice(0, aligns.length).map((cell, i) => {
    const element = withInline(make(tag), cell);
    element.style.textAlign = aligns[i];
    return element;
  }));
  const table = make("table", {}, make("thead", {}, row(lines[0], "th")), make("tbody", {}, lines.slice(2).map((line) => row(line, "td"))));
  return make("div", { className: "table", tabIndex: 0, role: "region", ariaLabel: "Table" }, table);
}

function renderCode(language, code) {
  const copy = make("button", { type: "button", className: "plain", onclick: async () => {
    await copyText(code);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  } }, "Copy");
  const bar = make("div", { className: "bar" }, make("span", {}, language || "text"), copy);
  return make("div", { className: "codeblock" }, bar, make("pre", { tabIndex: 0 }, make("code", {}, code)));
}

// ---- inside a line

function withInline(parent, text) {
  appendInline(parent, text, 0);
  return parent;
}

const kSpecial = /[\\`*_~[!<\n]|https?:\/\//g;

/** Scans once; each construct either takes its whole extent or is a plain character. */
function appendInline(parent, text, depth) {
  let plain = 0;
  const flush = (end) => { if (end > plain) parent.append(text.slice(plain, end)); };
  const missing = new Set();  // markers that no later one closes: looked for once
  for (let i = 0; i < text.length;) {
    kSpecial.lastIndex = i;
    const special = kSpecial.exec(text);
    if (!special) break;
    i = special.index;
    const found = depth < kMaxNesting ? inlineAt(text, i, depth, missing) : null;
    if (!found) { i += 1; continue; }
    flush(i);
    parent.append(found.node);
    i = plain = found.end;
  }
  flush(text.length);
}

/** { node, end } of the construct that begins at `i`, or null. */
function inlineAt(text, i, depth, missing) {
  switch (text[i]) {
    case "\\": return /[!-/:-@[-`{-~]/.test(text[i + 1] ?? "") ? { node: text[i + 1], end: i + 2 } : null;
    case "\n": return { node: make("br"), end: i + 1 };
    case "`": return codeAt(text, i, missing);
    case "*": case "_": case "~": return emphasisAt(text, i, depth, missing);
    case "[": return linkAt(text, i, depth);
    case "!": return text[i + 1] === "[" ? linkAt(text, i + 1, depth) : null;
    case "<": {
      const match = /^<(https?:\/\/[^\s<>]+)>/.exec(text.slice(i, i + 2048));
      return match ? { node: anchor(match[1], [match[1]]), end: i + match[0].length } : null;
    }
    default: {
      const [url] = /^https?:\/\/[^\s<>"'`]*/.exec(text.slice(i, i + 2048));
      const trimmed = url.replace(/[.,;:!?*_~)\]]+$/, "");
      return trimmed.length > 8 ? { node: anchor(trimmed, [trimmed]), end: i + trimmed.length } : null;
    }
  }
}

function runLength(text, i) {
  let end = i;
  while (text[end] === text[i]) end += 1;
  return end - i;
}

function codeAt(text, i, missing) {
  const length = runLength(text, i);
  const key = "`" + length;
  if (missing.has(key)) return { node: text.slice(i, i + length), end: i + length };
  for (let at = text.indexOf("`", i + length); at >= 0;) {
    const run = runLength(text, at);
    if (run === length) {
      const code = text.slice(i + length, at).replaceAll("\n", " ");
      const bare = code.startsWith(" ") && code.endsWith(" ") && code.trim() ? code.slice(1, -1) : code;
      return { node: make("code", {}, bare), end: at + length };
    }
    at = text.indexOf("`", at + run);
  }
  missing.add(key);
  return { node: text.slice(i, i + length), end: i + length };
}

const isWord = (character) => character !== undefined && /[\p{L}\p{N}]/u.test(character);

/** **strong**, *emphasis*, ***both***, ~~struck~~; '_' only at the edges of words. */
function emphasisAt(text, i, depth, missing) {
  const mark = text[i];
  const length = Math.min(runLength(text, i), mark === "~" ? 2 : 3);
  if (mark === "~" && length !== 2) return null;
  const marker = mark.repeat(length);
  const begin = i + length;
  if (missing.has(marker) || /\s/.test(text[begin] ?? " ") || (mark === "_" && isWord(text[i - 1]))) return null;
  for (let at = text.indexOf(marker, begin); at >= 0; at = text.indexOf(marker, at + 1)) {
    const closes = at > begin && !/\s/.test(text[at - 1]) && text[at - 1] !== "\\" && text[at + length] !== mark && text[at - 1] !== mark && !(mark === "_" && isWord(text[at + length]));
    if (!closes) continue;
    const inner = text.slice(begin, at);
    const node = mark === "~" ? make("del") : length === 1 ? make("em") : make("strong");
    const innermost = length === 3 ? node.appendChild(make("em")) : node;
    appendInline(innermost, inner, depth + 1);
    return { node, end: at + length };
  }
  missing.add(marker);
  return null;
}

/** [text](address "title"); the address http, https or mailto. Anything else stays text. */
function linkAt(text, i, depth) {
  const window = text.slice(i, i + 4096);
  const match = /^\[((?:[^[\]\\]|\\.|\[[^[\]]*\])*)\]\(\s*<?([^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)>?(?:\s+"[^"]*")?\s*\)/.exec(window);
  if (!match || !/^(https?:\/\/|mailto:)/i.test(match[2])) return null;
  const node = anchor(match[2], []);
  appendInline(node, match[1] || match[2], depth + 1);
  return { node, end: i + match[0].length };
}

function anchor(url, children) {
  return make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, children);
}
