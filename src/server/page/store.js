// ---- store.js: conversations in localStorage, one entry each, and nothing anywhere else.
//
// conversation: { id, title, renamed, updated, settings: {name: text}, messages: [message] }
// message: { role: "user" | "assistant" | "tool", content, and of an assistant
//            reasoning, tool_calls: [{ id, name, arguments }], finish, error, stats; of a tool tool_call_id }

const kPrefix = "loci.chat.";

const store = {
  /** Newest first: { id, title, updated }. */
  list() {
    const all = [];
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i);
      if (!key.startsWith(kPrefix)) continue;
      const conversation = this.load(key.slice(kPrefix.length));
      if (conversation) all.push({ id: conversation.id, title: conversation.title, updated: conversation.updated });
    }
    return all.sort((a, b) => b.updated - a.updated);
  },

  load(id) {
    try {
      return checkConversation(JSON.parse(localStorage.getItem(kPrefix + id)));
    } catch {
      return null;
    }
  },

  save(conversation) {
    if (!conversation.messages.length && !conversation.renamed) return;  // nothing to keep yet
    try {
      localStorage.setItem(kPrefix + conversation.id, JSON.stringify(conversation));
    } catch {
      toast("This browser's storage is full: the conversation is not saved. Delete some, or export them.");
    }
  },

  remove(id) { localStorage.removeItem(kPrefix + id); },

  exportAll() {
    return JSON.stringify({ format: "loci-conversations", version: 1, conversations: this.list().map(({ id }) => this.load(id)) }, null, 1);
  },

  /** How many came in; throws an Error that says what is wrong with the file. */
  importAll(text) {
    const file = JSON.parse(text);
    if (file?.format !== "loci-conversations" || !Array.isArray(file.conversations)) throw new Error("it was not exported by this page");
    const conversations = file.conversations.map(checkConversation);
    for (const conversation of conversations) this.save(conversation);
    return conversations.length;
  },
};

const asText = (value) => (typeof value === "string" ? value : "");

/** A conversation of unknown origin with every field of the type that the page relies on. */
function checkConversation(value) {
  if (typeof value !== "object" || value === null || !/^[\w-]{1,64}$/.test(value.id) || !Array.isArray(value.messages)) throw new Error("it holds something that is no conversation");
  const settings = {};
  for (const [name, text] of Object.entries(value.settings ?? {})) if (typeof text === "string") settings[name] = text;
  return {
    id: value.id, title: asText(value.title).slice(0, 120), renamed: value.renamed === true,
    updated: Number.isFinite(value.updated) ? value.updated : Date.now(), settings, messages: value.messages.map(checkMessage),
  };
}

function checkMessage(value) {
  const roles = ["user", "assistant", "tool"];
  if (typeof value !== "object" || value === null || !roles.includes(value.role)) throw new Error("it holds a message without a role");
  const message = { role: value.role, content: asText(value.content) };
  if (value.role === "tool") message.tool_call_id = asText(value.tool_call_id);
  if (value.role !== "assistant") return message;
  for (const name of ["reasoning", "finish", "error", "model"]) if (typeof value[name] === "string") message[name] = value[name];
  if (Array.isArray(value.tool_calls)) {
    message.tool_calls = value.tool_calls.map((call) => ({ id: asText(call?.id), name: asText(call?.name), arguments: asText(call?.arguments) }));
  }
  if (typeof value.stats === "object" && value.stats !== null) {
    message.stats = {};
    for (const [name, number] of Object.entries(value.stats)) if (Number.isFinite(number)) message.stats[name] = number;
  }
  return message;
}

function newConversation(settings = {}) {
  return { id: Date.now().toString(36) + "-" + Math.random().toString(36).slice(2, 10), title: "", renamed: false, updated: Date.now(), settings: { ...settings }, messages: [] };
}
