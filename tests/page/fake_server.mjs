// A server whose answers are scripted: the real page with its real headers, and an API that says what a test wants,
// piece by piece. So the page is tested apart from any model.
import { createServer } from "node:http";

export class FakeServer {
  /** `page`: { headers, body } as the real server sends them. */
  static async start(page) {
    const server = new FakeServer();
    server.page = page;
    server.requests = [];  // bodies of /v1/chat/completions, parsed
    server.key = null;     // what must be sent, if anything
    server.loading = false;
    server.script = async (stream) => { stream.text("Hello."); stream.end(); };
    server.http = createServer((request, response) => server.handle(request, response));
    await new Promise((resolve) => server.http.listen(0, "127.0.0.1", resolve));
    server.url = `http://127.0.0.1:${server.http.address().port}`;
    return server;
  }

  stop() {
    this.http.closeAllConnections();
    this.http.close();
  }

  /** The next answers, one after the other, each an async function of a Stream. */
  answers(...scripts) {
    this.script = (stream) => scripts.shift()(stream);
  }

  async handle(request, response) {
    const { pathname } = new URL(request.url, this.url);
    if (pathname === "/") return response.writeHead(200, this.page.headers).end(this.page.body);
    if (this.key && request.headers.authorization !== "Bearer " + this.key) return refuse(response, 401, "No API key was provided");
    if (this.loading) return refuse(response, 503, "the model is still loading");
    if (pathname === "/v1/models") {
      const data = ["org/scripted", "other"].map((id) => ({ id, object: "model", max_model_len: 4096 }));
      return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify({ object: "list", data }));
    }
    if (pathname !== "/v1/chat/completions") return refuse(response, 404, "no such path");
    let body = "";
    for await (const piece of request) body += piece;
    this.requests.push(JSON.parse(body));
    await this.script(new Stream(response));
  }
}

function refuse(response, status, message) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify({ error: { message, type: "x", param: null, code: null } }));
}

/** One answer as server-sent events. */
export class Stream {
  constructor(response) {
    this.response = response;
    this.closed = new Promise((resolve) => response.on("close", resolve));
  }

  refuse(status, message) { refuse(this.response, status, message); }

  raw(text) {
    if (!this.response.headersSent) this.response.writeHead(200, { "Content-Type": "text/event-stream" });
    this.response.write(text);
  }
  chunk(fields) { this.raw(`data: ${JSON.stringify({ object: "chat.completion.chunk", usage: null, ...fields })}\n\n`); }
  delta(delta, finish = null) { this.chunk({ choices: [{ index: 0, delta, finish_reason: finish }] }); }

  text(content) { this.delta({ content }); }
  reasoning(reasoning_content) { this.delta({ reasoning_content }); }

  end({ finish = "stop", prompt = 12, completion = 34, cached = 8 } = {}) {
    this.delta({}, finish);
    this.chunk({ choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, prompt_tokens_details: { cached_tokens: cached } } });
    this.raw("data: [DONE]\n\n");
    this.response.end();
  }
}
