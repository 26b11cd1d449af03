// ---- messages.js: a conversation as articles. A tool's result is shown in the card of its call.

/** Builds all of it anew: another conversation, or one that was cut. */
function showConversation() {
  const { conversation } = app;
  $("messages").replaceChildren();
  conversation.messages.forEach((message, i) => {
    if (message.role !== "tool") $("messages").append(buildArticle(message, i));
  });
  $("title").value = conversation.title;
  $("title").placeholder = "New conversation";
  document.title = conversation.title ? conversation.title + " · Loci" : "Loci";
  fillSettings(conversation.settings);
  scrollToEnd();
  showState();
}

function buildArticle(message, i) {
  const article = make("article", { className: message.role, tabIndex: 0, dataset: { index: i } });
  article.setAttribute("aria-label", message.role === "user" ? "You" : "Answer");
  const body = make("div", { className: "body" });
  if (message.role === "user") {
    body.textContent = message.content;
    article.append(body, make("div", { className: "meta" }, actionsFor(message)));
    return article;
  }
  article.append(body, make("div", { className: "calls" }), make("p", { className: "error", hidden: true }),
    make("div", { className: "meta" }, make("span", { className: "stats" }), actionsFor(message)));
  updateAnswer(article, message);
  return article;
}

/** Shows what an answer is by now; cheap enough for every frame. */
function updateAnswer(article, message) {
  const streaming = runOf(app.conversation)?.message === message;
  const body = article.querySelector(":scope > .body");
  renderMarkdown(body, message.content);
  body.classList.toggle("waiting", streaming && !message.content && !message.tool_calls);
  if (message.reasoning) updateReasoning(article, body, message, streaming);
  updateCalls(article.querySelector(".calls"), message, streaming);
  const error = article.querySelector(":scope > .error");
  error.hidden = !message.error;
  error.textContent = message.error ?? "";
  article.querySelector(".stats").textContent = describeStats(message);
  article.querySelector(".actions").hidden = streaming;
  article.ariaBusy = String(streaming);
}

/** Open while there is nothing else to read, unless the reader has decided. */
function updateReasoning(article, body, message, streaming) {
  let details = article.querySelector(":scope > .reasoning");
  if (!details) {
    details = make("details", { className: "reasoning" }, make("summary"), make("div", { className: "body" }));
    details.firstChild.onclick = () => { details.dataset.touched = "yes"; };
    article.insertBefore(details, body);
  }
  details.firstChild.textContent = streaming && !message.content ? "Reasoning …" : "Reasoning";
  if (!details.dataset.touched) details.open = streaming && !message.content;
  renderMarkdown(details.lastChild, message.reasoning);
}

function describeStats({ stats, finish }) {
  if (!stats) return "";
  const parts = [];
  if (stats.tokens) parts.push(stats.tokens + (stats.tokens === 1 ? " token" : " tokens"));
  if (stats.rate) parts.push(stats.rate.toFixed(stats.rate < 10 ? 2 : 1) + " tokens/s");
  if (stats.first_ms) parts.push("first after " + (stats.first_ms < 1000 ? Math.round(stats.first_ms) + " ms" : (stats.first_ms / 1000).toFixed(1) + " s"));
  if (stats.prompt !== undefined) parts.push(`prompt ${stats.prompt}, ${stats.cached} cached`);
  const why = { length: "cut at the length limit", stopped: "stopped", abort: "ended by the server" }[finish];
  if (why) parts.push(why);
  return parts.join(" · ");
}

function actionsFor(message) {
  const at = () => app.conversation.messages.indexOf(message);
  return make("span", { className: "actions" },
    iconButton("copy", "Copy", () => copyText(message.content)),
    iconButton("edit", "Edit", () => editMessage(at())),
    iconButton("again", message.role === "user" ? "Answer again from here" : "Another answer", () => answerAgain(at())));
}

const articleOf = (index) => document.querySelector(`article[data-index="${index}"]`);

// ---- tool calls

const resultOf = (message, toolCall) => app.conversation.messages.find((other, i) => other.role === "tool" && other.tool_call_id === toolCall.id && i > app.conversation.messages.indexOf(message));

function updateCalls(parent, message, streaming) {
  const calls = (message.tool_calls ?? []).filter(Boolean);
  calls.forEach((toolCall, i) => {
    const card = parent.children[i] ?? parent.appendChild(buildCall());
    card.querySelector("code").textContent = toolCall.name;
    card.querySelector("pre").textContent = prettyJson(toolCall.arguments);
    if (!streaming && !card.querySelector(".result")) card.append(buildResult(message, toolCall));
  });
  const due = !streaming && calls.length && calls.some((toolCall) => !resultOf(message, toolCall));
  if (due && !parent.querySelector(":scope > .row")) {
    parent.append(make("div", { className: "row" }, make("button", { type: "button", className: "primary", onclick: () => sendResults(parent, message) }, calls.length > 1 ? "Send the results" : "Send the result")));
  }
}

function buildCall() {
  const head = make("summary", {}, "Calls ", make("code"));
  return make("div", { className: "call" }, make("details", { open: true }, head, make("pre", { tabIndex: 0, ariaLabel: "Arguments" })));
}

function buildResult(message, toolCall) {
  const result = resultOf(message, toolCall);
  if (result) return make("div", { className: "result" }, "Returned", make("pre", { tabIndex: 0 }, result.content));
  const field = make("textarea", { rows: 2, spellcheck: false, dataset: { call: toolCall.id } });
  field.onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      sendResults(field.closest(".calls"), message);
    }
  };
  return make("div", { className: "result" }, make("label", {}, `What did ${toolCall.name || "it"} return?`, field));
}

function prettyJson(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;  // not complete yet, or never JSON
  }
}

function sendResults(parent, message) {
  const fields = [...parent.querySelectorAll("textarea[data-call]")];
  const empty = fields.find((field) => !field.value.trim());
  if (empty) {
    empty.focus();
    return announce("Type what each tool returned");
  }
  const { messages } = app.conversation;
  const results = fields.map((field) => ({ role: "tool", tool_call_id: field.dataset.call, content: field.value }));
  messages.splice(messages.indexOf(message) + 1, messages.length, ...results);
  showConversation();
  answer(app.conversation);
}

// ---- changing what was said

function editMessage(index) {
  const message = app.conversation.messages[index];
  const article = articleOf(index);
  if (!article || runOf(app.conversation) || article.querySelector(".editor")) return;
  const field = make("textarea", { value: message.content, ariaLabel: message.role === "user" ? "Your message" : "The answer" });
  const close = () => { showConversation(); articleOf(index)?.focus(); };
  const save = () => {
    message.content = field.value;
    if (message.role === "user") return answerAgain(index);
    store.save(app.conversation);
    close();
  };
  const form = make("form", { className: "editor", onsubmit: (event) => { event.preventDefault(); save(); } }, field,
    make("div", { className: "row" }, make("button", { type: "button", onclick: close }, "Cancel"),
      make("button", { className: "primary" }, message.role === "user" ? "Send" : "Save")));
  form.onkeydown = (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
    if (event.key === "Enter" && !event.isComposing && (event.ctrlKey || event.metaKey || (message.role === "user" && !event.shiftKey && event.target === field))) {
      event.preventDefault();
      save();
    }
  };
  article.replaceChildren(form);
  field.style.height = Math.min(field.scrollHeight + 8, innerHeight / 2) + "px";
  field.focus();
}

/** Forgets what comes after a message of the user, or an answer and what comes after it, and answers. */
function answerAgain(index) {
  const { conversation } = app;
  if (runOf(conversation) || !conversation.messages[index]) return;
  conversation.messages.splice(conversation.messages[index].role === "user" ? index + 1 : index);
  showConversation();
  answer(conversation);
}

// ---- the view on it

let pinned = true;  // to the end, until the reader scrolls up

function onScroll() {
  const scroller = $("scroller");
  pinned = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
  $("to-end").hidden = pinned;
}

function scrollToEnd() {
  $("scroller").scrollTop = $("scroller").scrollHeight;
  pinned = true;
  $("to-end").hidden = true;
}
