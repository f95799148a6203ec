// Starting chromium the same way everywhere; CHROMIUM names the program.
const puppeteer = require("puppeteer-core");

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

async function withBrowser(work) {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: FLAGS,
  });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

async function openPage(browser, { width = 1280, theme = "light", javascript = true, cookies = [] } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width, height: 844 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  await page.setJavaScriptEnabled(javascript);
  if (cookies.length) await context.setCookie(...cookies);
  const problems = [];
  page.on("console", (m) => {
    if (m.type() === "error" && !/status of (4|5)\d\d|INTERNET_DISCONNECTED/.test(m.text())) problems.push(m.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  return { page, problems, close: () => context.close() };
}

module.exports = { withBrowser, openPage };
