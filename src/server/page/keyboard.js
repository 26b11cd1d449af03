// ---- keyboard.js: everything without a mouse. One table, shown by '?'.

const kShortcuts = [
  ["Enter", "send; Shift+Enter: a new line", null],
  ["Esc", "stop the answer; leave a field", null],
  ["↑", "in an empty field: edit your last message", null],
  ["/", "to the message field", () => $("composer-text").focus()],
  ["n", "new conversation", () => startConversation()],
  ["[", "newer conversation", () => stepConversation(-1)],
  ["]", "older conversation", () => stepConversation(1)],
  ["b", "to the list of conversations", () => { openSidebar(true); (document.querySelector("#chats .current .open") ?? $("new-chat")).focus(); }],
  ["j", "next message", () => stepMessage(1)],
  ["k", "previous message", () => stepMessage(-1)],
  ["e", "edit the message", () => editMessage(chosenMessage("user"))],
  ["r", "another answer", () => answerAgain(chosenMessage("assistant"))],
  ["c", "copy the message", () => { const message = app.conversation.messages[chosenMessage("assistant")]; if (message) copyText(message.content); }],
  ["m", "choose the model", () => $("model").focus()],
  [",", "settings", () => $("settings").showModal()],
  ["t", "theme: system, dark, light", () => nextTheme()],
  ["?", "this list", () => $("help").showModal()],
];

function showShortcuts() {
  for (const [key, what] of kShortcuts) $("shortcuts").append(make("dt", {}, make("kbd", {}, key)), make("dd", {}, what));
}

const isField = (element) => element.matches("input, textarea, select, [contenteditable]");

function onKey(event) {
  if (event.isComposing || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") return onEscape(event);
  if (event.ctrlKey || event.metaKey || event.altKey || isField(event.target)) return;
  const shortcut = kShortcuts.find(([key, , run]) => run && key === event.key);
  if (!shortcut) return;
  event.preventDefault();
  shortcut[2]();
}

function onEscape(event) {
  if (document.body.classList.contains("sidebar-open")) return openSidebar(false);
  if (stopAnswer()) return;
  if (isField(event.target)) event.target.blur();
}

/** The index of the focused message, else of the last one of that role. */
function chosenMessage(role) {
  const focused = document.activeElement.closest?.("article");
  if (focused) return Number(focused.dataset.index);
  return app.conversation.messages.findLastIndex((message) => message.role === role);
}

function stepMessage(by) {
  const articles = [...document.querySelectorAll("article")];
  const now = articles.indexOf(document.activeElement.closest("article"));
  const next = now < 0 ? (by < 0 ? articles.length - 1 : 0) : Math.min(Math.max(now + by, 0), articles.length - 1);
  articles[next]?.focus();
}

function stepConversation(by) {
  const list = store.list();
  const now = list.findIndex(({ id }) => id === app.conversation.id);
  const next = list[now < 0 ? 0 : now + by];
  if (next) openConversation(next.id);
}
