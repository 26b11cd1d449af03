// The page against scripted answers: what it shows, keeps and sends.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";
import { ServerProcess } from "./server_process.mjs";

let browser, fake, real;

before(async () => {
  real = await ServerProcess.start(process.env.LOCI_BINARY);
  const answer = await fetch(real.url + "/");
  const headers = Object.fromEntries(answer.headers);
  for (const hop of ["connection", "content-length", "etag", "cache-control"]) delete headers[hop];
  fake = await FakeServer.start({ headers, body: await answer.text() });
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  fake?.stop();
  await real?.stop();
});

/** A test with a page of its own, at the end of which nothing forbidden must have happened. */
function pageTest(name, run, options = {}) {
  test(name, async () => {
    fake.requests = [];
    fake.key = null;
    fake.loading = false;
    const { page, context, problems } = await openPage(browser, fake.url + "/", options);
    page.setDefaultTimeout(10_000);
    try {
      if (!options.keyed) await page.locator("#model option").first().waitFor({ state: "attached" });
      await run(page, context);
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
    }
  });
}

async function say(page, text) {
  await page.fill("#composer-text", text);
  await page.press("#composer-text", "Enter");
}
const answers = (page) => page.locator("article.assistant");
/** The last answer, once it has ended. */
async function answered(page, count = 1) {
  await page.locator(`article.assistant >> nth=${count - 1}`).waitFor();
  await page.locator("#send").waitFor();
  return answers(page).nth(count - 1);
}
const ok = (text) => async (stream) => { stream.text(text); stream.end(); };

describe("a conversation", () => {
  pageTest("is sent, streams, and shows tokens, speed and cached tokens", async (page) => {
    let proceed;
    fake.script = async (stream) => {
      stream.text("First ");
      await new Promise((resolve) => { proceed = resolve; });
      stream.text("second.");
      stream.end({ prompt: 12, completion: 34, cached: 8 });
    };
    await say(page, "Say two words");
    await page.locator("article.assistant .body", { hasText: "First" }).waitFor();
    assert.equal(await page.locator("#stop").isVisible(), true);
    proceed();
    const answer = await answered(page);
    assert.equal(await answer.locator(".body").innerText(), "First second.");
    const stats = await answer.locator(".stats").innerText();
    assert.match(stats, /34 tokens · [\d.]+ tokens\/s · first after .* · prompt 12, 8 cached/);
    const [body] = fake.requests;
    assert.deepEqual(body.messages, [{ role: "user", content: "Say two words" }]);
    assert.equal(body.model, "org/scripted");
    assert.deepEqual([body.stream, body.stream_options], [true, { include_usage: true }]);
    assert.equal("temperature" in body, false, "an empty setting is the model's default");
    assert.equal(await page.inputValue("#title"), "Say two words");
  });

  pageTest("is read whatever way its bytes are cut", async (page) => {
    fake.script = async (stream) => {
      const text = 'data: {"choices":[{"index":0,"delta":{"content":"Grüße, 世界 🙂"}}]}\r\n\r\n: a comment\r\n\r\ndata: {"choices":[{"index":0,\r\ndata: "delta":{"content":"!"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
      stream.raw("");
      for (const byte of Buffer.from(text)) {
        stream.response.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      stream.response.end();
    };
    await say(page, "x");
    assert.equal(await (await answered(page)).locator(".body").innerText(), "Grüße, 世界 🙂!");
  });

  pageTest("stops, and the server notices", async (page) => {
    let closed;
    fake.script = async (stream) => { stream.text("endless"); closed = stream.closed; await closed; };
    await say(page, "x");
    await page.locator("article.assistant .body", { hasText: "endless" }).waitFor();
    await page.click("#stop");
    await closed;
    const answer = await answered(page);
    assert.equal(await answer.locator(".body").innerText(), "endless");
    assert.match(await answer.locator(".stats").innerText(), /stopped/);
  });

  pageTest("is edited, and answered anew from there", async (page) => {
    fake.answers(ok("one"), ok("two"), ok("three"));
    await say(page, "first");
    await answered(page);
    await say(page, "second");
    await answered(page, 2);
    await page.locator("article.user").first().hover();
    await page.locator("article.user").first().getByRole("button", { name: "Edit" }).click();
    await page.locator(".editor textarea").fill("first, better");
    await page.locator(".editor").getByRole("button", { name: "Send" }).click();
    const answer = await answered(page);
    assert.equal(await answer.locator(".body").innerText(), "three");
    assert.equal(await page.locator("article").count(), 2, "what came after is gone");
    assert.deepEqual(fake.requests[2].messages, [{ role: "user", content: "first, better" }]);
  });

  pageTest("gives another answer", async (page) => {
    fake.answers(ok("one"), ok("two"));
    await say(page, "x");
    await (await answered(page)).getByRole("button", { name: "Another answer" }).click();
    await page.locator("article.assistant .body", { hasText: "two" }).waitFor();
    assert.equal(await answers(page).count(), 1);
    assert.deepEqual(fake.requests[1].messages, fake.requests[0].messages);
  });

  pageTest("says what went wrong, and goes on", async (page) => {
    fake.answers(
      async (stream) => stream.refuse(400, "'temperature' must be less"),
      async (stream) => { stream.text("half"); stream.raw('data: {"error":{"message":"the engine stopped"}}\n\ndata: [DONE]\n\n'); stream.response.end(); },
      async (stream) => { stream.text("cut"); await new Promise((r) => setTimeout(r, 20)); stream.response.destroy(); },
      ok("fine"));
    await say(page, "x");
    assert.equal(await (await answered(page)).locator(".error").innerText(), "'temperature' must be less");
    await page.keyboard.press("Escape");
    for (const problem of ["the engine stopped", "No connection to the server"]) {
      await page.getByRole("button", { name: "Another answer" }).last().click();
      await page.locator("article.assistant .error", { hasText: problem }).waitFor();
    }
    await say(page, "again");
    assert.equal(await (await answered(page, 2)).locator(".body").innerText(), "fine");
    assert.deepEqual(fake.requests[3].messages.map(({ content }) => content), ["x", "cut", "again"]);
  });
});

describe("history", () => {
  pageTest("survives a reload, on the same conversation", async (page) => {
    fake.answers(ok("*kept*"), ok("new"));
    await say(page, "remember");
    await answered(page);
    await page.reload();
    assert.equal(await (await answered(page)).locator(".body em").innerText(), "kept");
    assert.match(await page.locator(".stats").innerText(), /8 cached/);
    await say(page, "and?");
    await answered(page, 2);
    assert.equal(fake.requests[1].messages.length, 3, "the server is told all of it");
  });

  pageTest("holds several conversations, each with its settings; deletes and brings back", async (page) => {
    fake.script = ok("yes");
    await say(page, "first one");
    await answered(page);
    await page.click("#new-chat");
    await page.click("#open-settings");
    await page.fill('[data-setting="system"]', "Be brief.");
    await page.keyboard.press("Escape");
    await say(page, "second one");
    await answered(page);
    assert.deepEqual(await page.locator("#chats .open").allInnerTexts(), ["second one", "first one"]);
    await page.locator("#chats .open").nth(1).click();
    assert.equal(await page.locator("article.user .body").innerText(), "first one");
    assert.equal(await page.inputValue('[data-setting="system"]'), "");
    await page.locator("#chats li").nth(1).hover();
    await page.getByRole("button", { name: "Delete first one" }).click();
    assert.deepEqual(await page.locator("#chats .open").allInnerTexts(), ["second one"]);
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await page.locator("#chats .open").count(), 2);
  });

  pageTest("keeps what has come of an answer when the page goes away", async (page) => {
    fake.script = async (stream) => { stream.text("half of it"); await stream.closed; };
    await say(page, "x");
    await page.locator("article.assistant .body", { hasText: "half of it" }).waitFor();
    await page.reload();
    assert.equal(await (await answered(page)).locator(".body").innerText(), "half of it");
    assert.match(await page.locator(".stats").innerText(), /stopped/);
  });

  pageTest("goes on in the background", async (page) => {
    let proceed;
    fake.script = async (stream) => {
      stream.text("slow ");
      await new Promise((resolve) => { proceed = resolve; });
      stream.text("answer");
      stream.end();
    };
    await say(page, "background");
    await page.locator("article.assistant .body", { hasText: "slow" }).waitFor();
    await page.click("#new-chat");
    assert.equal(await page.locator("article").count(), 0);
    proceed();
    await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("Answered"));
    await page.locator("#chats .open").first().click();
    assert.equal(await page.locator("article.assistant .body").innerText(), "slow answer");
  });

  pageTest("is exported and imported; a file of another kind is refused", async (page, context) => {
    fake.script = ok("portable");
    await say(page, "take me along");
    await answered(page);
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#export")]);
    const { readFile } = await import("node:fs/promises");
    const text = await readFile(await download.path());
    const { page: other, context: elsewhere } = await openPage(browser, fake.url + "/");
    const upload = (name, buffer) => other.setInputFiles("#import-file", { name, mimeType: "application/json", buffer });
    for (const wrong of ["{", "{}", '{"format":"loci-conversations","conversations":[{"id":"../x","messages":[]}]}', '{"format":"loci-conversations","conversations":[{"id":"x","messages":[{"role":"root"}]}]}']) {
      await upload("wrong.json", Buffer.from(wrong));
      await other.locator("#toast", { hasText: "Could not import wrong.json" }).waitFor();
      await other.evaluate(() => { document.getElementById("toast").hidden = true; });
    }
    assert.equal(await other.locator("#chats li").count(), 0);
    await upload("right.json", text);
    await other.locator("#chats .open", { hasText: "take me along" }).click();
    assert.equal(await other.locator("article.assistant .body").innerText(), "portable");
    await elsewhere.close();
  });

  pageTest("is deleted altogether, after a question", async (page) => {
    fake.script = ok("x");
    await say(page, "gone soon");
    await answered(page);
    await page.click("#open-settings");
    await page.click("#delete-all");
    await page.getByRole("button", { name: "Keep them" }).click();
    assert.equal(await page.locator("#chats li").count(), 1);
    await page.click("#delete-all");
    await page.getByRole("button", { name: "Delete all", exact: true }).click();
    await page.locator("#chats li").waitFor({ state: "detached" });
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("loci.chat."))), []);
  });
});

describe("settings", () => {
  pageTest("are sent as the API names them", async (page) => {
    fake.script = ok("x");
    await page.click("#open-settings");
    const values = { system: "Be brief.", temperature: "0.5", top_p: "0.9", top_k: "40", min_p: "0.05", max_tokens: "77", seed: "-7", repetition_penalty: "1.1", presence_penalty: "0.2", frequency_penalty: "0.3", stop: "END\nSTOP", chat_template_kwargs: '{"enable_thinking": false}' };
    for (const [name, value] of Object.entries(values)) await page.fill(`[data-setting="${name}"]`, value);
    await page.keyboard.press("Escape");
    await page.selectOption("#model", "other");
    await say(page, "x");
    await answered(page);
    const { messages, model, stream, stream_options, ...rest } = fake.requests[0];
    assert.deepEqual(rest, { temperature: 0.5, top_p: 0.9, top_k: 40, min_p: 0.05, max_tokens: 77, seed: -7, repetition_penalty: 1.1, presence_penalty: 0.2, frequency_penalty: 0.3, stop: ["END", "STOP"], chat_template_kwargs: { enable_thinking: false } });
    assert.deepEqual(messages[0], { role: "system", content: "Be brief." });
    assert.equal(model, "other");
    await page.reload();
    assert.equal(await page.inputValue('[data-setting="top_k"]'), "40");
    await page.waitForFunction(() => document.getElementById("model").value === "other");
  });

  pageTest("that are no JSON are named and not sent", async (page) => {
    await page.click("#open-settings");
    await page.fill('[data-setting="tools"]', "[{");
    assert.match(await page.locator('[data-error="tools"]').innerText(), /^tools: /);
    assert.equal(await page.getAttribute('[data-setting="tools"]', "aria-invalid"), "true");
    await page.keyboard.press("Escape");
    await say(page, "x");
    await page.locator("#toast", { hasText: "tools: " }).waitFor();
    assert.equal(fake.requests.length, 0);
  });
});

describe("reasoning and tools", () => {
  pageTest("reasoning is open while it comes, then folded", async (page) => {
    let proceed;
    fake.script = async (stream) => {
      stream.reasoning("Let me ");
      stream.reasoning("think.");
      await new Promise((resolve) => { proceed = resolve; });
      stream.text("Forty-two.");
      stream.end();
    };
    await say(page, "x");
    const reasoning = page.locator("details.reasoning");
    await reasoning.locator(".body", { hasText: "Let me think." }).waitFor();
    assert.equal(await reasoning.evaluate((details) => details.open), true);
    proceed();
    const answer = await answered(page);
    assert.equal(await reasoning.evaluate((details) => details.open), false);
    assert.equal(await answer.locator(":scope > .body").innerText(), "Forty-two.");
    await reasoning.locator("summary").click();
    assert.equal(await reasoning.locator(".body").innerText(), "Let me think.");
    await page.reload();
    assert.equal(await page.locator("details.reasoning .body").textContent(), "Let me think.");
  });

  pageTest("tool calls are shown, their results typed and sent", async (page) => {
    const toolCall = (index, id, name) => ({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] });
    const more = (index, text) => ({ tool_calls: [{ index, function: { arguments: text } }] });
    fake.answers(async (stream) => {
      stream.delta(toolCall(0, "call_a", "weather"));
      stream.delta(more(0, '{"city": '));
      stream.delta(more(0, '"Oslo"}'));
      stream.delta(toolCall(1, "call_b", "time"));
      stream.delta(more(1, "{}"));
      stream.end({ finish: "tool_calls" });
    }, ok("It is cold in Oslo."));
    const tools = [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }];
    await page.click("#open-settings");
    await page.fill('[data-setting="tools"]', JSON.stringify(tools));
    await page.keyboard.press("Escape");
    await say(page, "How is Oslo?");
    await answered(page);
    assert.deepEqual(fake.requests[0].tools, tools);
    assert.deepEqual(await page.locator(".call summary").allInnerTexts(), ["Calls weather", "Calls time"]);
    assert.equal(await page.locator(".call pre").first().innerText(), '{\n  "city": "Oslo"\n}');
    await page.keyboard.type("-3 degrees");  // the first field has the focus
    await page.keyboard.press("Enter");
    assert.equal(fake.requests.length, 1, "one result is missing");
    await page.keyboard.type("noon");
    await page.getByRole("button", { name: "Send the results" }).click();
    await page.locator("article.assistant .body", { hasText: "cold in Oslo" }).waitFor();
    assert.deepEqual(fake.requests[1].messages.slice(1), [
      { role: "assistant", content: null, tool_calls: [
        { id: "call_a", type: "function", function: { name: "weather", arguments: '{"city": "Oslo"}' } },
        { id: "call_b", type: "function", function: { name: "time", arguments: "{}" } }] },
      { role: "tool", tool_call_id: "call_a", content: "-3 degrees" },
      { role: "tool", tool_call_id: "call_b", content: "noon" }]);
    await page.reload();
    assert.deepEqual(await page.locator(".call .result pre").allInnerTexts(), ["-3 degrees", "noon"]);
  });
});

describe("what the model writes", () => {
  const attack = [
    "<script>window.hacked = 1</script>", "<img src=x onerror='window.hacked = 1'>", "<svg onload=window.hacked=1>",
    "[click](javascript:window.hacked=1)", "[click](data:text/html,<script>hacked=1</script>)", "![x](https://evil.example/x.png)", "<https://evil.example/\"onmouseover=window.hacked=1>",
    "`<b>code</b>`", "**<iframe src=javascript:window.hacked=1>**", "| <img src=x onerror=window.hacked=1> |\n|---|\n| <u>x</u> |",
    "```<img src=x onerror=window.hacked=1>\n</code></pre><script>window.hacked=1</script>\n```", "<a href='javascript:window.hacked=1'>x</a>",
  ].join("\n\n");

  pageTest("is never HTML", async (page) => {
    fake.script = async (stream) => {
      stream.reasoning(attack);
      for (const character of attack) stream.text(character);
      stream.delta({ tool_calls: [{ index: 0, id: "<b>", function: { name: "<img src=x onerror=window.hacked=1>", arguments: "<script>window.hacked=1</script>" } }] });
      stream.end();
    };
    await say(page, "<img src=x onerror=window.hacked=1>");
    await answered(page);
    const found = await page.evaluate(() => ({
      hacked: window.hacked,
      elements: document.querySelectorAll("#messages :is(script, img, iframe, object, embed, u, b, form:not(.editor))").length,
      links: [...document.querySelectorAll("#messages a")].map((link) => link.protocol),
      handlers: [...document.querySelectorAll("#messages *")].filter((element) => [...element.attributes].some(({ name }) => name.startsWith("on"))).length,
    }));
    assert.equal(found.hacked, undefined);
    assert.equal(found.elements, 0);
    assert.equal(found.handlers, 0);
    assert.ok(found.links.length > 0 && found.links.every((protocol) => protocol === "https:"), String(found.links));
    await page.locator("#title").fill("<img src=x onerror=window.hacked=1>");
    await page.reload();
    assert.equal(await page.evaluate(() => window.hacked), undefined);
  });

  pageTest("may hold Markdown", async (page) => {
    const text = "# Title #\n\nSome **strong**, *soft*, ***both***, ~~gone~~, `code`, snake_case_name, 2 * 3 * 4, \\*escaped\\*.\nA [link](https://a.example/x_(y)) and https://b.example/z.\n\n- one\n- two\n  - nested\n    1. deep\n\n3. three\n4. four\n\n> quoted\n> > twice\n\n| a | b |\n|---|--:|\n| 1 | `x\\|y` |\n\n---\n\n```python\nprint('<hi>')\n\n# end\n```\nafter\n\n- [x] done\n";
    fake.script = ok(text);
    await say(page, "x");
    const body = (await answered(page)).locator(":scope > .body");
    const html = await body.evaluate((element) => {
      for (const button of element.querySelectorAll("button")) button.remove();
      return element.innerHTML.replaceAll(/ (class|tabindex|role|aria-label|target|rel)="[^"]*"/g, "");
    });
    assert.equal(html, "<h2>Title</h2><p>Some <strong>strong</strong>, <em>soft</em>, <strong><em>both</em></strong>, <del>gone</del>, <code>code</code>, snake_case_name, 2 * 3 * 4, *escaped*.<br>A <a href=\"https://a.example/x_(y)\">link</a> and <a href=\"https://b.example/z\">https://b.example/z</a>.</p>"
      + "<ul><li>one</li><li>two<ul><li>nested<ol><li>deep</li></ol></li></ul></li></ul><ol start=\"3\"><li>three</li><li>four</li></ol><blockquote><p>quoted</p><blockquote><p>twice</p></blockquote></blockquote>"
      + "<div><table><thead><tr><th>a</th><th style=\"text-align: right;\">b</th></tr></thead><tbody><tr><td>1</td><td style=\"text-align: right;\"><code>x|y</code></td></tr></tbody></table></div><hr>"
      + "<div><div><span>python</span></div><pre><code>print('&lt;hi&gt;')\n\n# end</code></pre></div><p>after</p><ul><li><input type=\"checkbox\" disabled=\"\"> done</li></ul>");
  });

  pageTest("has code that can be copied", async (page, context) => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    fake.script = ok("```sh\necho hi\n```");
    await say(page, "x");
    await (await answered(page)).locator(".codeblock").getByRole("button", { name: "Copy" }).click();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "echo hi");
  });

  pageTest("does not hang the page, however odd it is", async (page) => {
    const odd = ["*".repeat(20000), "[".repeat(20000), "`a ".repeat(10000), "_a ".repeat(10000), "> ".repeat(5000) + "x", "- ".repeat(5000), "|".repeat(20000) + "\n" + "|-".repeat(5000), "**a ".repeat(10000), "[a](".repeat(5000), "#".repeat(10000), "  - x\n".repeat(2000), "http://".repeat(5000), "!".repeat(9000) + "[".repeat(9000), "~~~".repeat(3000),
      "# a" + " ".repeat(30000) + "b", "```" + " ".repeat(30000) + "`", "a | b\n" + " ".repeat(30000) + "x", "[a](" + "(x".repeat(2000), "- " + " ".repeat(30000) + "x"];
    fake.answers(...odd.map(ok));
    for (let i = 0; i < odd.length; i += 1) {
      await page.click("#new-chat");
      await say(page, "x");
      await answered(page);
    }
    assert.equal(fake.requests.length, odd.length);
  });
});

describe("access", () => {
  pageTest("asks for a key, and goes on with it", async (page) => {
    fake.key = "secret";
    fake.script = ok("let in");
    await page.reload();
    await page.locator("#key[open]").waitFor();
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.locator("#key[open]").waitFor();
    await page.fill("#key-value", "secret");
    await page.keyboard.press("Enter");
    await page.locator("#model option").first().waitFor({ state: "attached" });
    await say(page, "x");
    assert.equal(await (await answered(page)).locator(".body").innerText(), "let in");
    assert.equal(await page.evaluate(() => localStorage.getItem("loci.key")), null, "not remembered unless asked to");
    fake.key = "changed";
    await say(page, "y");
    await page.fill("#key-value", "changed");
    await page.keyboard.press("Enter");
    assert.equal(await (await answered(page, 2)).locator(".body").innerText(), "let in");
  });

  pageTest("waits for a model that is loading", async (page) => {
    fake.loading = true;
    await page.reload();
    await page.locator("#state", { hasText: "still loading" }).waitFor();
    fake.loading = false;
    await page.locator("#model option").first().waitFor({ state: "attached" });
    await page.locator("#state", { hasText: "Enter sends" }).waitFor();
  });

  pageTest("by keyboard alone: write, read, edit, stop, settings, help", async (page) => {
    fake.answers(ok("one"), ok("two"), async (stream) => { stream.text("endless"); await stream.closed; });
    assert.equal(await page.evaluate(() => document.activeElement.id), "composer-text", "ready to write");
    await page.keyboard.type("by key");
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("two lines");
    await page.keyboard.press("Enter");
    await answered(page);
    assert.equal(fake.requests[0].messages[0].content, "by key\ntwo lines");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Control+A");
    await page.keyboard.type("edited");
    await page.keyboard.press("Enter");
    await page.locator("article.assistant .body", { hasText: "two" }).waitFor();
    assert.equal(fake.requests[1].messages[0].content, "edited");
    await page.locator("#send").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("r");
    await page.locator("article.assistant .body", { hasText: "endless" }).waitFor();
    await page.keyboard.press("Escape");
    await answered(page);
    await page.keyboard.press("k");
    assert.equal(await page.evaluate(() => document.activeElement.className), "assistant");
    await page.keyboard.press("k");
    assert.equal(await page.evaluate(() => document.activeElement.className), "user");
    await page.keyboard.press("?");
    assert.equal(await page.locator("#help[open]").count(), 1);
    await page.keyboard.press("Escape");
    await page.keyboard.press(",");
    assert.equal(await page.locator("#settings[open]").count(), 1);
    await page.keyboard.press("Escape");
    await page.keyboard.press("n");
    assert.equal(await page.locator("article").count(), 0);
    await page.keyboard.press("Escape");
    await page.keyboard.press("]");
    assert.equal(await page.locator("article.user .body").innerText(), "edited");
  });

  pageTest("every control has a name, and Tab reaches each", async (page) => {
    fake.script = ok("```sh\nx\n```");
    await say(page, "x");
    await answered(page);
    const unnamed = await page.evaluate(() => [...document.querySelectorAll("button, input:not([hidden]), select, textarea, dialog")]
      .filter((element) => !(element.ariaLabel || element.textContent.trim() || element.labels?.length || element.getAttribute("aria-labelledby")) && !element.closest("#toast"))
      .map((element) => element.outerHTML));
    assert.deepEqual(unnamed, []);
    await page.evaluate(() => { document.activeElement.blur(); });
    const reached = new Set();
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press("Tab");
      reached.add(await page.evaluate(() => document.activeElement.id || document.activeElement.className || document.activeElement.tagName));
    }
    for (const id of ["new-chat", "open", "export", "title", "model", "open-settings", "theme", "composer-text", "user", "assistant"]) assert.ok(reached.has(id), `${id} of ${[...reached]}`);
  });
});

describe("looks", () => {
  const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const isDark = async (page) => /rgb\((\d+)/.exec(await background(page))[1] < 60;

  pageTest("light and dark as the system, or as chosen", async (page) => {
    assert.equal(await isDark(page), false);
    await page.emulateMedia({ colorScheme: "dark" });
    assert.equal(await isDark(page), true);
    await page.click("#theme");
    assert.equal(await isDark(page), false, "first the other one");
    await page.reload();
    assert.equal(await isDark(page), false, "and it stays");
    await page.click("#theme");
    await page.click("#theme");
    assert.equal(await page.getAttribute("#theme", "aria-label"), "Theme: as the system");
    assert.equal(await isDark(page), true);
  });

  pageTest("fits a phone", async (page) => {
    fake.script = ok("A long line of code:\n```\n" + "x".repeat(500) + "\n```\n" + "w".repeat(300) + "\n\n| a | b |\n|-|-|\n| " + "c ".repeat(200) + " | d |");
    await say(page, "x");
    await answered(page);
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(await overflow(), 0);
    assert.equal(await page.locator("#new-chat").isVisible(), false);
    await page.click("#toggle-sidebar");
    await page.click("#new-chat");
    assert.equal(await page.locator("article").count(), 0);
    await page.locator("#new-chat").waitFor({ state: "hidden" });
    await page.click("#open-settings");
    assert.equal(await overflow(), 0);
    assert.equal(await page.evaluate(() => document.getElementById("settings").scrollWidth > innerWidth), false);
  }, { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });

  pageTest("follows the answer, unless the reader has gone up", async (page) => {
    let stream;
    fake.script = async (s) => { stream = s; for (let i = 0; i < 60; i += 1) s.text(`line ${i}\n\n`); };
    const fromEnd = () => page.evaluate(() => { const s = document.getElementById("scroller"); return s.scrollHeight - s.scrollTop - s.clientHeight; });
    await say(page, "x");
    await page.locator("text=line 59").waitFor();
    await page.waitForFunction(() => { const s = document.getElementById("scroller"); return s.scrollHeight - s.scrollTop - s.clientHeight < 5; });
    await page.mouse.move(700, 300);
    await page.mouse.wheel(0, -900);
    await page.locator("#to-end").waitFor();
    for (let i = 0; i < 20; i += 1) stream.text(`more ${i}\n\n`);
    await page.locator("text=more 19").waitFor({ state: "attached" });
    assert.ok(await fromEnd() > 500);
    await page.click("#to-end");
    assert.ok(await fromEnd() < 5);
    stream.end();
    await answered(page);
  });
});
