// Runs scripts of the tests in a real Chromium: one JSON object a line in, one a line out.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(`${process.argv[2]}/`);
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");
const browser = await chromium.launch({ executablePath: process.argv[3], args: ["--no-sandbox"], timeout: 300000 });
const AsyncFunction = (async () => {}).constructor;
let context, page, said = [];

for await (const line of createInterface({ input: process.stdin })) {
  const { script, options, given } = JSON.parse(line);
  let answer;
  try {
    if (options) {
      await context?.close();
      context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
      context.setDefaultTimeout(300000); // against hangs alone: what is slow on a busy machine has not failed
      page = await context.newPage();
      said = [];
      page.on("console", (message) => { if (message.type() === "error") said.push(message.text()); });
      page.on("pageerror", (error) => said.push(String(error)));
      page.on("dialog", (dialog) => { said.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    }
    const value = await new AsyncFunction("page", "context", "given", "axe", "said", script)(page, context, given, axe, said);
    answer = { value: value ?? null };
  } catch (error) {
    answer = { error: String(error.stack ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
