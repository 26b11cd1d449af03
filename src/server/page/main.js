// ---- main.js: what is shown now, and the runs that write answers.

const app = {
  conversation: newConversation(recallSettings()),
  models: [],
  runs: new Map(),  // by conversation id: { conversation, message, controller }
};

const kHasKeyboard = matchMedia("(any-pointer: fine)").matches;

const runOf = (conversation) => app.runs.get(conversation.id);

// ---- conversations

function startConversation() {
  openSidebar(false);
  if (app.conversation.messages.length || app.conversation.renamed) app.conversation = newConversation(app.conversation.settings);
  history.replaceState(null, "", location.pathname);
  showConversation();
  showChats();
  $("composer-text").focus();
}

function openConversation(id) {
  const conversation = app.runs.get(id)?.conversation ?? store.load(id);
  if (!conversation) return;
  openSidebar(false);
  app.conversation = conversation;
  history.replaceState(null, "", "#" + id);
  showConversation();
  showChats();
}

function showChats() {
  const rows = store.list().map(({ id, title }) => {
    const open = make("button", { type: "button", className: "open", onclick: () => openConversation(id) }, title || "Untitled");
    const current = id === app.conversation.id;
    if (current) open.setAttribute("aria-current", "page");
    const remove = iconButton("trash", "Delete " + (title || "conversation"), () => deleteConversation(id));
    remove.classList.add("delete");
    return make("li", { className: current ? "current" : "" }, open, remove);
  });
  $("chats").replaceChildren(...rows);
}

function deleteConversation(id) {
  const conversation = store.load(id);
  app.runs.get(id)?.controller.abort();
  store.remove(id);
  if (id === app.conversation.id) {
    app.conversation = newConversation(app.conversation.settings);
    history.replaceState(null, "", location.pathname);
    showConversation();
  }
  showChats();
  $("new-chat").focus();
  toast("Deleted", "Undo", () => { store.save(conversation); showChats(); });
}

function rename(title) {
  const { conversation } = app;
  conversation.title = title.trim().slice(0, 120);
  conversation.renamed = true;
  store.save(conversation);
  showChats();
}

/** Titles are the first words of the first message, until someone knows better. */
function titleFrom(text) {
  const line = text.trim().split("\n")[0];
  return line.length > 60 ? line.slice(0, 60).replace(/\s+\S*$/, "") + " …" : line;
}

// ---- answers

function send() {
  const { conversation } = app;
  const text = $("composer-text").value;
  if (!text.trim() || runOf(conversation)) return;
  $("composer-text").value = "";
  fitComposer();
  if (!conversation.messages.length && !conversation.renamed) conversation.title = titleFrom(text);
  conversation.messages.push({ role: "user", content: text });
  conversation.updated = Date.now();
  store.save(conversation);
  history.replaceState(null, "", "#" + conversation.id);
  showConversation();
  answer(conversation);
}

/** Adds an answer to the conversation and writes into it until it ends, fails or is stopped. */
async function answer(conversation) {
  let body;
  try {
    body = requestBody(conversation, $("model").value);
  } catch (error) {
    toast(error.message, "Settings", () => $("settings").showModal());
    return;
  }
  const message = { role: "assistant", content: "", model: body.model };
  const run = { conversation, message, controller: new AbortController() };
  conversation.messages.push(message);
  conversation.updated = Date.now();
  app.runs.set(conversation.id, run);
  store.save(conversation);
  showChats();
  if (conversation === app.conversation) $("messages").append(buildArticle(message, conversation.messages.length - 1));
  scrollToEnd();
  showState();
  announce("Answering");
  try {
    await streamAnswer(body, message, run.controller.signal, () => scheduleUpdate(run));
  } catch (error) {
    onFailure(run, error);
  }
  finishRun(run);
}

function onFailure({ conversation, message, controller }, error) {
  if (controller.signal.aborted) {
    message.finish = "stopped";
  } else if (error.status === 401) {
    conversation.messages.pop();
    askForKey(error.message, () => answer(conversation));
  } else {
    message.error = error instanceof TypeError ? "No connection to the server" : error.message;
  }
}

function finishRun({ conversation, message }) {
  app.runs.delete(conversation.id);
  if (message.tool_calls) {
    message.tool_calls = message.tool_calls.filter(Boolean);
    for (const toolCall of message.tool_calls) toolCall.id ||= "call_" + Math.random().toString(36).slice(2, 11);
  }
  if (store.load(conversation.id)) store.save(conversation);  // unless it has been deleted meanwhile
  if (conversation === app.conversation) {
    const stay = !pinned;
    const index = conversation.messages.indexOf(message);
    if (index < 0) showConversation();
    else updateAnswer(articleOf(index), message);
    if (!stay) scrollToEnd();
    articleOf(index)?.querySelector("textarea[data-call]")?.focus();
  }
  showState();
  announce(message.error ?? (message.finish === "stopped" ? "Stopped" : `Answered: ${message.stats?.tokens ?? 0} tokens`));
}

/** At most once a frame, however fast the tokens come. */
function scheduleUpdate(run) {
  if (run.scheduled) return;
  run.scheduled = true;
  requestAnimationFrame(() => {
    run.scheduled = false;
    if (run.conversation !== app.conversation || runOf(run.conversation) !== run) return;
    const article = articleOf(run.conversation.messages.indexOf(run.message));
    if (!article) return;
    updateAnswer(article, run.message);
    if (pinned) scrollToEnd();
  });
}

/** The page goes away in the middle of answers: what has come of them stays. */
function keepUnfinished() {
  for (const { conversation, message } of app.runs.values()) {
    message.finish ??= "stopped";
    store.save(conversation);
  }
}

/** True if there was something to stop. */
function stopAnswer() {
  const run = runOf(app.conversation);
  run?.controller.abort();
  return Boolean(run);
}

function showState(problem = app.problem ?? "") {
  app.problem = problem;
  const running = Boolean(runOf(app.conversation));
  $("stop").hidden = !running;
  $("send").hidden = running;
  $("send").disabled = !$("composer-text").value.trim();
  const keys = running ? "Esc stops" : "Enter sends, Shift+Enter makes a new line, ? shows all keys";
  $("state").textContent = problem || (kHasKeyboard ? keys : "");
}

// ---- the server

async function loadModels() {
  clearTimeout(app.retry);
  try {
    app.models = await fetchModels();
  } catch (error) {
    if (error.status === 401) return askForKey(error.message, () => {});
    showState(error.status === 503 ? "The model is still loading" : error instanceof TypeError ? "No connection to the server" : error.message);
    app.retry = setTimeout(loadModels, 2000);
    return;
  }
  const chosen = $("model").value || localStorage.getItem("loci.model");
  $("model").replaceChildren(...app.models.map(({ id, context }) => make("option", { value: id, title: `context: ${context} tokens` }, id)));
  if (app.models.some(({ id }) => id === chosen)) $("model").value = chosen;
  showState("");
}

function askForKey(why, then) {
  const dialog = $("key");
  $("key-note").textContent = why;
  $("key-value").value = session.key;
  $("key-keep").checked = localStorage.getItem("loci.key") !== null;
  dialog.querySelector("form").onsubmit = () => {
    session.key = $("key-value").value.trim();
    sessionStorage.setItem("loci.key", session.key);
    if ($("key-keep").checked && session.key) localStorage.setItem("loci.key", session.key);
    else localStorage.removeItem("loci.key");
    loadModels();
    then();
  };
  if (!dialog.open) dialog.showModal();
  $("key-value").focus();
}

// ---- files

function exportFile() {
  const link = make("a", { href: URL.createObjectURL(new Blob([store.exportAll()], { type: "application/json" })), download: "loci-conversations.json" });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

async function importFile() {
  const [file] = $("import-file").files;
  $("import-file").value = "";
  if (!file) return;
  try {
    const count = store.importAll(await file.text());
    showChats();
    toast(`${count} ${count === 1 ? "conversation" : "conversations"} imported`);
  } catch (error) {
    toast(`Could not import ${file.name}: ${error.message}`);
  }
}

function deleteAll() {
  for (const run of app.runs.values()) run.controller.abort();
  for (const { id } of store.list()) store.remove(id);
  app.conversation = newConversation(recallSettings());
  history.replaceState(null, "", location.pathname);
  showConversation();
  showChats();
}

// ---- wiring

function openSidebar(open) {
  document.body.classList.toggle("sidebar-open", open && matchMedia("(max-width: 48rem)").matches);
  $("toggle-sidebar").setAttribute("aria-expanded", String(open));
}

/** For browsers without field-sizing. */
function fitComposer() {
  const field = $("composer-text");
  if (!CSS.supports("field-sizing", "content")) {
    field.style.height = "auto";
    field.style.height = field.scrollHeight + "px";
  }
  showState();
}

function onComposerKey(event) {
  if (event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    send();
  } else if (event.key === "ArrowUp" && !event.target.value) {
    event.preventDefault();
    editMessage(app.conversation.messages.findLastIndex((message) => message.role === "user"));
  }
}

function wire() {
  $("new-chat").onclick = startConversation;
  $("toggle-sidebar").onclick = () => openSidebar(!document.body.classList.contains("sidebar-open"));
  $("veil").onclick = () => openSidebar(false);
  $("title").onchange = (event) => rename(event.target.value);
  $("title").onkeydown = (event) => { if (event.key === "Enter") event.target.blur(); };
  $("model").onchange = (event) => localStorage.setItem("loci.model", event.target.value);
  $("open-settings").onclick = () => $("settings").showModal();
  $("open-help").onclick = () => $("help").showModal();
  $("theme").onclick = nextTheme;
  $("composer").onsubmit = (event) => { event.preventDefault(); send(); };
  $("composer-text").onkeydown = onComposerKey;
  $("composer-text").oninput = fitComposer;
  $("stop").onclick = () => { stopAnswer(); $("composer-text").focus(); };
  $("to-end").onclick = scrollToEnd;
  $("scroller").onscroll = onScroll;
  $("settings").oninput = onSettingInput;
  $("set-key").onclick = () => askForKey("Sent with every request to this server.", () => {});
  $("delete-all").onclick = () => $("confirm").showModal();
  $("confirm").onclose = (event) => { if (event.target.returnValue === "yes") deleteAll(); };
  $("export").onclick = exportFile;
  $("import").onclick = () => $("import-file").click();
  $("import-file").onchange = importFile;
  document.querySelector("[data-close]").onclick = () => $("key").close();
  for (const dialog of document.querySelectorAll("dialog")) dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };
  document.addEventListener("keydown", onKey);
  addEventListener("pagehide", keepUnfinished);
  addEventListener("storage", (event) => { if (event.key?.startsWith(kPrefix)) showChats(); });  // another tab
}

wire();
applyTheme(localStorage.getItem("loci.theme"));
showShortcuts();
app.conversation = store.load(location.hash.slice(1)) ?? app.conversation;
showConversation();
showChats();
loadModels();
if (kHasKeyboard) $("composer-text").focus();  // elsewhere a keyboard would cover half of the page
