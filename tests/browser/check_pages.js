// Reads {base, pages: [{path, width, theme, cookies?}]} from standard input, prints what is wrong.
const fs = require("fs");
const { withBrowser, openPage } = require("./browser");

const AXE = fs.readFileSync(require.resolve("axe-core"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

// What axe cannot see (interface.md section 7), measured in the page.
function ownChecks() {
  const wrong = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) wrong.push(`scrolls sideways: ${root.scrollWidth} px`);
  if (document.querySelectorAll("h1").length !== 1) wrong.push("not exactly one h1");
  const filled = [...document.querySelectorAll("main .btn:not(.sec):not(.ghost)")].filter(
    (b) => b.offsetParent && !b.closest(".tray"));
  if (filled.length > 1) wrong.push(`${filled.length} filled buttons`);
  for (const table of document.querySelectorAll("table"))
    if (!table.caption) wrong.push("a table without a caption");
  if (document.querySelectorAll("*").length > 1500) wrong.push("more than 1,500 elements");
  if (document.querySelector("[style]")) wrong.push("an inline style");
  const other = root.lang === "en" ? /[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]/i : null;
  const names = /Cầu Kiều/;
  if (other) {
    const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      const parent = node.parentElement;
      // Cards, projects, comparisons, texts, an owner's titles and answers hold names of places and firms.
      if (parent.closest("[lang=vi], select, textarea, .ttl, .card, .proj, tr[data-row] th, .case h1, .case .sum, .case dd, .plist h3, .sl dd, .cmp, .crumb, .chip, .text, .chart")) continue;
      if (other.test(node.data) && !names.test(node.data))
        wrong.push(`Vietnamese letters on an English page: ${node.data.trim().slice(0, 60)}`);
    }
  }
  return wrong;
}

async function check(browser, base, item) {
  const { page, problems, close } = await openPage(browser, item);
  const wrong = [];
  try {
    const response = await page.goto(base + item.path, { waitUntil: "load", timeout: 20000 });
    if (response.status() !== (item.status || 200)) wrong.push(`status ${response.status()}`);
    await page.evaluate(AXE);
    const found = await page.evaluate(
      async (tags) => (await window.axe.run(document, { runOnly: tags })).violations.map(
        (v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(" | ")}`),
      TAGS);
    wrong.push(...found, ...(await page.evaluate(ownChecks)), ...problems);
    if (item.shot) await page.screenshot({ path: item.shot, fullPage: true });
  } catch (error) {
    wrong.push(String(error));
  } finally {
    await close();
  }
  return wrong.map((w) => `${item.path} ${item.width} ${item.theme}: ${w}`);
}

withBrowser(async (browser) => {
  const { base, pages } = JSON.parse(fs.readFileSync(0, "utf8"));
  const all = [];
  for (const item of pages) all.push(...(await check(browser, base, item)));
  process.stdout.write(JSON.stringify({ checked: pages.length, wrong: all }));
});
