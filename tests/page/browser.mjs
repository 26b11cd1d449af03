// Debian's Chromium without a window. It talks to nobody but the servers of the tests.
import { chromium } from "playwright-core";

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A fresh profile's page on `url`. `problems` collects what must not happen: uncaught errors, violations of the
 *  policy, requests to anywhere else. */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (line) => { if (/Content.Security.Policy|TrustedHTML/i.test(line.text())) problems.push(line.text()); });
  page.on("request", (request) => { if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(url)) problems.push(request.url()); });
  page.on("dialog", (dialog) => { problems.push("a dialog: " + dialog.message()); dialog.dismiss(); });
  await page.goto(url);
  return { page, context, problems };
}
