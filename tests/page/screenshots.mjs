// Pictures of the page with a scripted conversation, to look at while working on it: screenshots.mjs FOLDER.
// docs/page.png is readme.png.
import { openPage, startBrowser } from "./browser.mjs";
import { FakeServer } from "./fake_server.mjs";
import { ServerProcess } from "./server_process.mjs";

const folder = process.argv[2] ?? ".";
const real = await ServerProcess.start(process.env.LOCI_BINARY);
const answer = await fetch(real.url + "/");
const fake = await FakeServer.start({ headers: { "content-type": "text/html", "content-security-policy": answer.headers.get("content-security-policy") }, body: await answer.text() });
const browser = await startBrowser();

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const reasoning = "They want the method in a few lines, and a small example. Five places in a house are enough: the walk has to have an order.";
const text = `The **method of loci** ties what you want to remember to places that you know well. You walk through them in your mind, and each place hands back what you left there.

1. Choose a route: *door, hall, stairs, window, desk*.
2. Leave one vivid picture at each place.
3. Walk it again, in the same order.

| place | picture |
|---|---|
| door | a fox that knocks |
| hall | a lamp full of honey |

A list is a walk, and looking something up is standing in the right room:

\`\`\`python
route = ["door", "hall", "stairs", "window", "desk"]
palace = dict(zip(route, things))
print(palace["hall"])
\`\`\``;

async function converse(page) {
  fake.answers(
    async (stream) => {
      stream.delta({ tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "look_up", arguments: '{"term": "method of loci"}' } }] });
      stream.end({ finish: "tool_calls", prompt: 148, completion: 21, cached: 0 });
    },
    async (stream) => {
      stream.reasoning(reasoning);
      for (const word of text.match(/\S+\s*/g)) { stream.text(word); await pause(6); }
      stream.end({ prompt: 214, completion: 183, cached: 160 });
    });
  await page.locator("#model option").first().waitFor({ state: "attached" });
  await page.fill("#composer-text", "What is the method of loci? Look it up, then show it to me in code.");
  await page.press("#composer-text", "Enter");
  await page.locator("textarea[data-call]").fill("A mnemonic of the ancients: memories are placed along a familiar route.");
  await page.locator("textarea[data-call]").press("Enter");
  await page.locator("article.assistant .stats", { hasText: "160 cached" }).waitFor();
}

/** Earlier conversations, so that the sidebar has something to show. */
async function furnish(page) {
  for (const title of ["Names for a lighthouse", "Why is the sea salt?", "A recipe with three onions"]) {
    fake.script = async (stream) => { stream.text("Later."); stream.end(); };
    await page.fill("#composer-text", title);
    await page.press("#composer-text", "Enter");
    await page.locator("article.assistant .stats", { hasText: "tokens" }).waitFor();
    await page.click("#new-chat");
  }
}

for (const [name, options] of [["light", { colorScheme: "light" }], ["dark", { colorScheme: "dark" }], ["phone", { colorScheme: "light", viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 }]]) {
  const { page, context } = await openPage(browser, fake.url + "/", { viewport: { width: 1180, height: 820 }, ...options });
  await page.locator("#model option").first().waitFor({ state: "attached" });
  await page.screenshot({ path: `${folder}/${name}-empty.png` });
  if (name !== "phone") await furnish(page);
  await converse(page);
  await page.screenshot({ path: `${folder}/${name}.png` });
  if (name === "light") {  // all of it
    await page.setViewportSize({ width: 1180, height: 1140 });
    await page.mouse.move(2, 2);
    await page.locator("details.reasoning summary").click();
    await page.mouse.move(2, 2);
    await page.evaluate(() => document.activeElement.blur());
    await page.screenshot({ path: `${folder}/readme.png` });
    await page.setViewportSize({ width: 1180, height: 820 });
  }
  await page.evaluate(() => { document.getElementById("scroller").scrollTop = 0; });
  await page.screenshot({ path: `${folder}/${name}-top.png` });
  await page.click(name === "phone" ? "#toggle-sidebar" : "#open-help");
  await pause(300);
  await page.screenshot({ path: `${folder}/${name}-${name === "phone" ? "list" : "help"}.png` });
  await page.keyboard.press("Escape");
  await pause(300);
  await page.click("#open-settings");
  await page.screenshot({ path: `${folder}/${name}-settings.png` });
  await context.close();
}
await browser.close();
fake.stop();
await real.stop();
