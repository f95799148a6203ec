// One journey by name, as a person would do it: node journeys.js NAME BASE JAVASCRIPT WIDTH LANGUAGE
const assert = require("node:assert");
const { execSync } = require("node:child_process");
const { withBrowser, openPage } = require("./browser");

const [, , name, base, javascript, width, language] = process.argv;
const EN = language === "en";

async function press(page, selector) {
  const target = await page.waitForSelector(selector, { timeout: 10000 });
  await Promise.all([page.waitForNavigation({ timeout: 15000 }), target.evaluate((e) => e.click())]);
}

const text = (page, selector) => page.$eval(selector, (e) => e.innerText);

const journeys = {
  // Landing → three questions → ranked list → steering → project with its whole table.
  async match(page) {
    await page.goto(`${base}/${language}/`);
    await page.click("form.matchform input[value=smart_manufacturing]");
    await page.type("#mf_amount", "200");
    await press(page, "form.matchform button");
    assert.match(page.url(), /fields=smart_manufacturing/);
    const before = await page.$$eval(".card h3", (all) => all.map((e) => e.innerText));
    assert.ok(before.length >= 20);
    const summary = await page.$(".filters > summary");
    if (summary && (await summary.evaluate((e) => e.offsetParent !== null))) await summary.click();
    await page.$eval("input[name=w_field][value=off]", (e) => e.click());
    await press(page, ".steer button");
    const after = await page.$$eval(".card h3", (all) => all.map((e) => e.innerText));
    assert.notDeepStrictEqual(before, after);
    await press(page, ".card h3 a");
    const points = await page.$$eval("#why tbody td.r", (cells) =>
      cells.map((c) => parseInt(c.innerText, 10)));
    const sum = points.pop();
    assert.strictEqual(points.reduce((a, b) => a + b, 0), sum);
    assert.match(await text(page, "#why h2"), new RegExp(`${sum}`));
  },
  // Search without marks → filter → remove the chip → project → compare.
  async browse(page) {
    await page.goto(`${base}/${language}/projects/?q=${encodeURIComponent("can gio")}`);
    assert.match(await page.$$eval(".card", (c) => c.map((e) => e.innerText).join(" ")), /Cần Giờ/);
    await page.goto(`${base}/${language}/projects/`);
    const summary = await page.$(".filters > summary");
    if (summary && (await summary.evaluate((e) => e.offsetParent !== null))) await summary.click();
    const total = parseInt((await text(page, "#results [role=status]")).replace(/\D/g, ""), 10);
    const box = "input[name=instrument][value=contribution]";
    if (javascript === "on") {
      await page.$eval(box, (e) => e.click());
      await page.waitForFunction(() => location.search.includes("instrument=contribution"));
      await page.waitForSelector("#results .chip");
    } else {
      await page.$eval(box, (e) => e.click());
      await press(page, "#filters button");
    }
    const fewer = parseInt((await text(page, "#results [role=status]")).replace(/\D/g, ""), 10);
    assert.ok(fewer > 0 && fewer < total, `${fewer} of ${total}`);
    await press(page, ".chip");
    const slugs = await page.$$eval("input[name=p]", (all) => all.slice(0, 2).map((e) => e.value));
    await page.goto(`${base}/${language}/compare/?p=${slugs[0]}&p=${slugs[1]}`);
    assert.strictEqual((await page.$$("table.tbl thead th")).length, 2);
  },
  // The language switch keeps page and query.
  async language(page) {
    await page.goto(`${base}/vi/projects/?q=nuoc`);
    await press(page, "header a[hreflang=en]");
    assert.match(page.url(), /\/en\/projects\/\?q=nuoc/);
    assert.strictEqual(await page.$eval("html", (e) => e.lang), "en");
  },
  // A demo investor signs in, sees the ranked list of the profile, saves a project, signs out.
  async account(page) {
    await page.goto(`${base}/${language}/account/sign-in/`);
    await page.type("input[name=login]", process.env.DEMO_EMAIL);
    await page.type("input[name=password]", process.env.DEMO_PASSWORD);
    await press(page, "main form button[type=submit]");
    await page.goto(`${base}/${language}/for-you/`);
    assert.ok((await page.$$(".card .score")).length > 0);
    await press(page, ".card .acts a.push");
    await press(page, "main form button[type=submit]");
    await page.goto(`${base}/${language}/me/saved/`);
    assert.ok((await page.$$("main a[href*='/projects/']")).length > 0);
  },
  // Join without a password → confirm by mail → answer → two windows → close by a code from a mail.
  async join(page) {
    const address = `lan.${Date.now()}@example.com`;
    await page.goto(`${base}/${language}/account/join/`);
    await press(page, "main form button[type=submit]");
    assert.ok(await page.$("#error-summary"), "a mistake is said above the form");
    await page.type("#id_email", address);
    await page.$eval("#id_consent", (e) => e.click());
    await press(page, "main form button[type=submit]");
    await page.goto(await linkInNewestMail(page));
    await press(page, "main form button[type=submit]");
    assert.match(page.url(), /\/me\/$/);

    const profile = `${base}/${language}/me/profile/`;
    await page.goto(profile);
    await page.type("#id_budget_amount", "1.500");
    await page.select("#id_budget_currency", "USD");
    await press(page, "form.matchform > div > button.btn");
    assert.strictEqual((await page.$$("button[name=budget_minor]")).length, 2);
    await press(page, "button[name=budget_minor][value='150000']");
    assert.match(await page.$eval("#id_budget_amount", (e) => e.value), /^1\s500$/);

    const other = await page.browserContext().newPage();
    await other.setJavaScriptEnabled(javascript === "on");
    await other.goto(profile);
    await other.select("#id_country", "JP");
    await press(other, "form.matchform > div > button.btn");
    await other.close();
    await page.select("#id_country", "AU");
    await press(page, "form.matchform > div > button.btn");
    assert.ok(await page.$("main table .tag.warn"), "both versions stand side by side");
    await press(page, "main form button[type=submit]");
    assert.strictEqual(await page.$eval("#id_country", (e) => e.value), "AU");

    await page.goto(`${base}/${language}/me/close/`);
    await press(page, "button[name=send]");
    await openNewestMail(page);
    const code = (await text(page, ".mail-text")).match(/\b\d{8}\b/)[0];
    await page.goto(`${base}/${language}/me/close/`);
    await page.type("#id_code", code);
    await press(page, "main form button[type=submit]");
    assert.match(page.url(), /\/me\/closed\/$/);
    await page.goto(`${base}/${language}/me/`);
    assert.match(page.url(), /sign-in/);
  },
  // An officer asks for a link, and is asked for the code of the local outbox after it.
  async officer(page) {
    await page.goto(`${base}/${language}/account/sign-in/`);
    await page.type("input[name=login]", process.env.OFFICER_EMAIL);
    await press(page, "button[formaction]");
    await page.goto(await linkInNewestMail(page));
    await press(page, "main form button[type=submit]");
    assert.match(page.url(), /sign-in\/code\/$/);
    await page.goto(`${base}/${language}/outbox/`);
    const code = await page.$$eval("main table tr", (rows, email) =>
      rows.find((r) => r.innerText.includes(email)).querySelector("code").innerText,
      process.env.OFFICER_EMAIL);
    await page.goto(`${base}/${language}/account/sign-in/code/`);
    await page.type("#id_code", code);
    await press(page, "main form button[type=submit]");
    assert.match(page.url(), /\/me\/$/);
  },
};

// Mails are sent by a worker; here its work is done on the spot.
async function openNewestMail(page) {
  execSync(`${process.env.PYTHON} manage.py run_jobs`, { cwd: process.env.ROOT, stdio: "ignore" });
  await page.goto(`${base}/${language}/outbox/`);
  await press(page, ".docs a");
}

async function linkInNewestMail(page) {
  await openNewestMail(page);
  return page.$eval(".mail-text a", (a) => a.href);
}

withBrowser(async (browser) => {
  const { page, problems, close } = await openPage(browser, {
    width: Number(width), javascript: javascript === "on",
  });
  await journeys[name](page);
  assert.deepStrictEqual(problems, []);
  await close();
  console.log(EN ? "done" : "xong");
}).catch((error) => {
  console.error(error);
  process.exit(1);
});
