// The page against `loci serve` with the embedded model: everything real.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { ServerProcess } from "./server_process.mjs";

let browser, server;

before(async () => {
  server = await ServerProcess.start(process.env.LOCI_BINARY, ["--api-key", "secret"]);
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function metric(name) {
  const text = await (await fetch(server.url + "/metrics", { headers: { Authorization: "Bearer secret" } })).text();
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)`, "m").exec(text)[1]);
}

test("a key, a question, an answer, another, a stop, a reload", async () => {
  const { page, context, problems } = await openPage(browser, server.url + "/");
  page.setDefaultTimeout(20_000);
  await page.locator("#key[open]").waitFor();
  await page.keyboard.type("secret");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("model").value === "loci-tiny");

  await page.click("#open-settings");
  await page.fill('[data-setting="temperature"]', "0");
  await page.fill('[data-setting="max_tokens"]', "24");
  await page.keyboard.press("Escape");
  await page.fill("#composer-text", "Tell me a story about a ship.");
  await page.keyboard.press("Enter");
  await page.locator("article.assistant .stats", { hasText: "cached" }).waitFor();
  const first = await page.locator("article.assistant > .body").innerText();
  assert.ok(first.trim().length > 0);
  assert.match(await page.locator(".stats").innerText(), /\d+ tokens · [\d.]+ tokens\/s/);

  await page.getByRole("button", { name: "Another answer" }).click();
  await page.locator("article.assistant .stats", { hasText: "cached" }).waitFor();
  assert.equal(await page.locator("article.assistant > .body").innerText(), first, "greedy: the same again");

  await page.click("#open-settings");
  await page.fill('[data-setting="max_tokens"]', "900");
  await page.fill('[data-setting="temperature"]', "1");
  await page.keyboard.press("Escape");
  await page.evaluate(() => {  // the model may end early by itself; then there is nothing to stop
    new MutationObserver((changes, observer) => { const stop = document.getElementById("stop"); if (!stop.hidden) { observer.disconnect(); stop.click(); } }).observe(document.getElementById("stop"), { attributes: true });
  });
  await page.fill("#composer-text", "And then?");
  await page.keyboard.press("Enter");
  await page.locator("article.assistant >> nth=1").locator(".stats").waitFor({ state: "attached" });
  await page.locator("#send").waitFor();
  for (let i = 0; await metric("vllm:num_requests_running") > 0; i += 1) assert.ok(i < 1000, "the server goes on after the stop");

  await page.reload();
  assert.equal(await page.locator("article.assistant > .body").first().innerText(), first);
  assert.equal(await page.locator("article").count(), 4);
  assert.deepEqual(problems, []);
  await context.close();
});

test("the page is kept by the browser's cache, and asked for", async () => {
  const first = await fetch(server.url + "/");
  const again = await fetch(server.url + "/", { headers: { "If-None-Match": first.headers.get("etag") } });
  assert.equal(again.status, 304);
});
