// ---- api.js: the server's side: models, and an answer as it streams in.

const session = { key: sessionStorage.getItem("loci.key") ?? localStorage.getItem("loci.key") ?? "" };

/** What the server said no with: its status and its own words. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function call(path, options = {}) {
  const headers = { ...options.headers };
  if (session.key) headers.Authorization = "Bearer " + session.key;
  const response = await fetch(path, { ...options, headers, cache: "no-store" });
  if (response.ok) return response;
  let message = "The server answered " + response.status;
  try {
    message = (await response.json()).error.message || message;
  } catch { /* a proxy's own page, say */ }
  throw new Refusal(response.status, message);
}

async function fetchModels() {
  const answer = await (await call("v1/models")).json();
  return answer.data.map((model) => ({ id: String(model.id), context: model.max_model_len }));
}

/** The data of each server-sent event, however the bytes are cut. */
async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let unread = "", data = [];
  for (;;) {
    const { value, done } = await reader.read();
    unread += value ?? "";
    const lines = unread.split(/\r\n|\n|\r(?!$)/);
    unread = done ? "" : lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length) yield data.join("\n");
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line[5] === " " ? 6 : 5));
      }
    }
    if (done) {
      if (data.length) yield data.join("\n");
      return;
    }
  }
}

/** Sends `body` and adds what comes to `message`; `changed` is called after each piece. Throws Refusal, TypeError (no
 *  connection) or AbortError; what had come by then stays. */
async function streamAnswer(body, message, signal, changed) {
  const times = { sent: performance.now(), first: 0, last: 0 };
  message.stats = {};
  const response = await call("v1/chat/completions", { method: "POST", signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  let pieces = 0, complete = false;
  for await (const data of readEvents(response.body)) {
    if (data === "[DONE]") { complete = true; break; }
    const chunk = JSON.parse(data);
    if (chunk.error) throw new Refusal(chunk.error.code ?? 500, chunk.error.message ?? "The server could not go on");
    const delta = chunk.choices?.[0]?.delta;
    if (delta && addDelta(message, delta)) {
      times.last = performance.now();
      times.first ||= times.last;
      pieces += 1;
    }
    if (chunk.choices?.[0]?.finish_reason) message.finish = chunk.choices[0].finish_reason;
    measure(message.stats, chunk.usage, pieces, times);
    changed();
  }
  if (!complete && !message.finish) throw new Refusal(0, "The connection ended before the answer did");
}

/** True where the delta brought something. */
function addDelta(message, delta) {
  const reasoning = delta.reasoning_content ?? delta.reasoning;  // vLLM has both names
  if (delta.content) message.content += delta.content;
  if (reasoning) message.reasoning = (message.reasoning ?? "") + reasoning;
  for (const part of delta.tool_calls ?? []) {
    message.tool_calls ??= [];
    const index = part.index ?? message.tool_calls.length;
    const toolCall = (message.tool_calls[index] ??= { id: "", name: "", arguments: "" });
    if (part.id) toolCall.id = part.id;
    if (part.function?.name) toolCall.name += part.function.name;
    if (part.function?.arguments) toolCall.arguments += part.function.arguments;
  }
  return Boolean(delta.content || reasoning || delta.tool_calls?.length);
}

/** Times in ms. While the answer streams a piece counts as a token; the usage at the end knows better. */
function measure(stats, usage, pieces, times) {
  stats.first_ms = times.first ? times.first - times.sent : 0;
  stats.tokens = usage?.completion_tokens ?? pieces;
  const decoding = times.last - times.first;
  stats.rate = stats.tokens > 1 && decoding > 0 ? (1000 * (stats.tokens - 1)) / decoding : 0;
  if (!usage) return;
  stats.prompt = usage.prompt_tokens;
  stats.cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
}

/** The conversation as the API takes it. Throws a SettingError for JSON that is none. */
function requestBody(conversation, model) {
  const settings = conversation.settings;
  const said = conversation.messages.filter((message) => message.role !== "assistant" || message.content || message.tool_calls?.length);  // a failed answer said nothing
  const messages = said.map(apiMessage);
  if (settings.system?.trim()) messages.unshift({ role: "system", content: settings.system });
  const body = { messages, stream: true, stream_options: { include_usage: true } };
  if (model) body.model = model;
  for (const name of kNumbers) if (settings[name]?.trim()) body[name] = Number(settings[name]);
  const stop = (settings.stop ?? "").split("\n").filter((line) => line !== "");
  if (stop.length) body.stop = stop;
  const tools = parseSetting(settings, "tools");
  if (tools?.length) body.tools = tools;
  const templateArguments = parseSetting(settings, "chat_template_kwargs");
  if (templateArguments) body.chat_template_kwargs = templateArguments;
  return body;
}

function apiMessage(message) {
  if (message.role === "tool") return { role: "tool", tool_call_id: message.tool_call_id, content: message.content };
  if (!message.tool_calls?.length) return { role: message.role, content: message.content };
  return {
    role: message.role, content: message.content || null,
    tool_calls: message.tool_calls.map((toolCall) => ({ id: toolCall.id, type: "function", function: { name: toolCall.name, arguments: toolCall.arguments } })),
  };
}
