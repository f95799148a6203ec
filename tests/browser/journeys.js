// One journey by name, as a person would do it: node journeys.js NAME BASE JAVASCRIPT WIDTH LANGUAGE
const assert = require("node:assert");
const path = require("node:path");
const { execSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const { withBrowser, openPage } = require("./browser");

const [, , name, base, javascript, width, language] = process.argv;
const EN = language === "en";

async function press(page, selector) {
  const target = await page.waitForSelector(selector, { timeout: 10000 });
  await Promise.all([page.waitForNavigation({ timeout: 15000 }), target.evaluate((e) => e.click())]);
}

// Stripe's published test cards.
const VISA = "4242424242424242";
const DECLINES_LATER = "4000000000000341";
const ALWAYS_ASKS = "4000002760003184";
const AXE = fs.readFileSync(require.resolve("axe-core"), "utf8");

// Nothing that axe finds on the page as it stands now (with JavaScript on; else other tests look).
async function accessible(page) {
  if (javascript !== "on") return;
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => (await window.axe.run(document, {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  })).violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`));
  assert.deepStrictEqual(found, []);
  const sideways = await page.evaluate(() =>
    document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.ok(!sideways, `${page.url()} scrolls sideways`);
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
    await press(page, ".card .acts a[href*='/saved/']");
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
  // Two officers and a lead on the keyboard only: from the queue to the letter in 60 presses.
  async desk(page) {
    let presses = 0;
    const key = async (name) => {
      presses += 1;
      await page.keyboard.press(name);
    };
    const go = async (...keys) => {
      const there = page.waitForNavigation({ timeout: 15000 });
      if (keys.length === 2) {
        presses += 1;
        await page.keyboard.down(keys[0]);
        await key(keys[1]);
        await page.keyboard.up(keys[0]);
      } else {
        await key(keys[0]);
      }
      await there;
    };
    const open = async (task) => {
      await page.goto(`${base}/${language}/office/queue/?task=${task}`);
      const place = await rowWith(page, "2");
      assert.ok(place >= 0, `a case with two versions waits for ${task}`);
      for (let i = 0; i <= place; i += 1) await key("j");
      await go("Enter");
    };
    for (const officer of ["tung@caukieu.example", "duong@caukieu.example"]) {
      await enterOffice(page, officer);
      await open("review");
      for (let i = 0; i < 5; i += 1) await key("4");
      assert.strictEqual((await page.$$("fieldset[data-score] input:checked")).length, 5);
      assert.match(await text(page, "[data-total]"), /^80/);
      await go("Control", "Enter");
      assert.strictEqual((await page.$$("fieldset[data-score]")).length, 0);
    }
    await enterOffice(page, "bao@caukieu.example");
    await open("decision");
    await go("d");
    await key("1");
    await go("Control", "Enter");
    assert.match(await text(page, ".letter"), /80/);
    await go("Control", "Enter");
    assert.match(page.url(), /\/office\/letters\/ltr_/);
    // The signature, too: from the queue to the signed letter.
    const letter = page.url();
    const file = await page.$eval("main a[href*='/office/cases/']", (a) => a.href);
    await enterOffice(page, "oanh@caukieu.example");
    await page.goto(`${base}/${language}/office/queue/?task=letter`);
    const rows = await page.$$eval("tr[data-row] th a", (all) => all.map((a) => a.href));
    for (let i = 0; i <= rows.indexOf(file); i += 1) await key("j");
    await go("Enter");
    if (/declare/.test(page.url())) await go("n");
    await go("l");
    assert.strictEqual(page.url(), letter);
    await go("s");
    assert.match(await text(page, "h1"), /TĐ-/);
    assert.ok(presses <= 60, `${presses} presses`);
  },
  // The same by forms alone: a second review, the decision, and the signature of a fourth person.
  async deskforms(page) {
    const openRow = async (task, version) => {
      await page.goto(`${base}/${language}/office/queue/?task=${task}`);
      const place = await rowWith(page, version);
      assert.ok(place >= 0);
      const links = await page.$$("tr[data-row] th a");
      await Promise.all([page.waitForNavigation(), links[place].evaluate((e) => e.click())]);
      if (/declare/.test(page.url())) await press(page, "button[name=conflict][value=no]");
    };
    await enterOffice(page, "duong@caukieu.example");
    await openRow("review", "1");
    await page.$$eval("fieldset[data-score] input[value='4']", (all) => all.forEach((e) => e.click()));
    await press(page, "button[name=do][value=submit]");
    const scored = page.url();
    const gap = await page.$("textarea[name^=gap_]");
    if (gap) {
      await gap.type("Theo số đo trong hồ sơ");
      await press(page, "form[data-submit] [data-main]");
    }
    await enterOffice(page, "bao@caukieu.example");
    await page.goto(scored);
    if (/declare/.test(page.url())) await press(page, "button[name=conflict][value=no]");
    const decide = await page.$("a[href$='/decide/']");
    if (!decide) return; // the first reviewer has yet to explain a gap
    await press(page, "a[href$='/decide/']");
    await page.$eval("input[name=outcome][value=list]", (e) => e.click());
    await press(page, "button[name=do][value=preview]");
    await press(page, "button[name=do][value=keep]");
    const letter = page.url();
    await enterOffice(page, "oanh@caukieu.example");
    await page.goto(letter);
    await press(page, "button[name=conflict][value=no]");
    await press(page, "form[action$='/sign/'] button");
    assert.match(await text(page, "h1"), /TĐ-/);
  },
  // A sum → the answers checked → a card saved at the provider → withdrawn in one press.
  async withdraw(page) {
    await signIn(page, "huy@caukieu.example");
    await pledge(page, "southern-elder-speech-corpus", "30");
    await saveCard(page, VISA);
    assert.match(await text(page, "main"), /4242/);
    await accessible(page);
    await press(page, "form[action$='/withdraw/'] button");
    assert.strictEqual((await page.$$("form[action$='/withdraw/']")).length, 0);
    assert.ok(await page.$("main .note, main [role=status]"), "a sentence says what happened");
  },
  // The same pledge kept: the round closes, the card is charged once, a receipt tells of it.
  async pledged(page) {
    await signIn(page, "mai@caukieu.example");
    await pledge(page, "talking-bus-stops-for-blind-riders", "20");
    await saveCard(page, VISA);
    const address = page.url();
    const reference = (await text(page, "main")).match(/CK-[0-9A-Z]{8}/)[0];
    await moveDate(page, 6);
    await page.goto(address);
    assert.ok(await page.$("form[action$='/withdraw/']"), "still in the time to withdraw");
    await moveDate(page, 15);
    work();
    await page.goto(address);
    await press(page, "main a[href$='/receipt/']");
    assert.match(await text(page, "main"), EN ? /twenty US dollars/ : /hai mươi đô la Mỹ/);
    const paper = await page.$eval("a[href$='/receipt.pdf']", (a) => a.href);
    assert.match(paper, /^http/);
    await page.goto(`${base}/${language}/me/statement/?from=2020-01-01&to=2020-12-31`);
    assert.doesNotMatch(await text(page, "main"), new RegExp(reference));
    await page.goto(`${base}/${language}/me/pledges/`);
    assert.match(await text(page, "main"), new RegExp(reference));
    await moveDate(page, 0);
  },
  // A card that is declined → another card → the bank asks for the person → paid, once.
  async threeds(page) {
    await signIn(page, "huy@caukieu.example");
    await pledge(page, "open-pdk-student-chip-shuttle", "55000");
    await saveCard(page, DECLINES_LATER);
    const address = page.url();
    await moveDate(page, 41);
    work();
    await page.goto(address);
    await accessible(page);
    await press(page, ".note.warn form[action$='/card/'] button");
    await saveCard(page, ALWAYS_ASKS);
    work();
    await page.goto(address);
    await accessible(page);
    await press(page, ".note.warn a[href$='/pay/']");
    await accessible(page);
    await press(page, "main form button");
    assert.match(page.url(), /\/3ds\//);
    await press(page, "button[value=yes]");
    assert.strictEqual(page.url(), address);
    assert.strictEqual((await page.$$("a[href$='/pay/']")).length, 0);
    await press(page, "main a[href$='/receipt/']");
    await accessible(page);
    await moveDate(page, 0);
  },
  // Evidence → accepted by one officer and confirmed by another → a payment that one finance
  // officer prepares and another approves → the bank's slip → released.
  async payout(page) {
    await enterOffice(page, "tung@caukieu.example");
    await page.goto(`${base}/${language}/office/`);
    await press(page, ".subnav a[href$='/milestones/']");
    await press(page, "main table th a[href*='/milestones/trn_']");
    const address = page.url();
    await page.$eval("input[name=outcome][value=accept]", (e) => e.click());
    await press(page, "aside form button.btn");
    assert.strictEqual((await page.$$("form[action$='/confirm/']")).length, 0, "not by the first");
    await enterOffice(page, "duong@caukieu.example");
    await page.goto(address);
    await press(page, "form[action$='/confirm/'] button");
    await enterOffice(page, "long@caukieu.example");
    await page.goto(`${base}/${language}/office/`);
    assert.match(page.url(), /\/money\/$/);
    await press(page, "form[action$='/prepare/'] button");
    await again(page);
    const payment = page.url();
    assert.strictEqual((await page.$$("form[action$='/approve/']")).length, 0, "not by the maker");
    await accessible(page);
    await enterOffice(page, "nam@caukieu.example");
    await page.goto(payment);
    await press(page, "form[action$='/approve/'] button");
    await again(page);
    await press(page, "form[action$='/instruct/'] button");
    await press(page, "form[action$='/confirm/'] button");
    assert.ok(await page.$("#error-summary"), "a slip is asked for");
    await accessible(page);
    await page.type("#id_bank_reference", `FT-${Date.now()}`);
    await page.type("#id_paid_vnd", "1 800 000 000");
    await page.$eval("#id_paid_on", (e) => { e.value = "2026-01-05"; });
    const slip = `${os.tmpdir()}/slip-${Date.now()}.pdf`;
    fs.writeFileSync(slip, "%PDF-1.4 a slip");
    await (await page.$("#id_proof")).uploadFile(slip);
    await press(page, "form[action$='/confirm/'] button");
    fs.unlinkSync(slip);
    assert.strictEqual((await page.$$("main form")).length, 0, "nothing is left to do");
    await accessible(page);
  },
  // Calculator → joining with the answers → plan → proposal → one project removed → pledges.
  async redirect(page) {
    await page.goto(`${base}/${language}/calculator/`);
    await page.$eval("#c_amount", (e) => { e.value = ""; });
    await page.type("#c_amount", "0");
    await press(page, "form.calc button, main form button[type=submit]");
    assert.ok(await page.$("#error-summary, .err"), "a mistake is said beside its field");
    await page.$eval("#c_amount", (e) => { e.value = ""; });
    await page.type("#c_amount", "1000");
    await page.$eval("#c_share", (e) => { e.value = "20"; });
    await press(page, "form.calc button, main form button[type=submit]");
    assert.match(page.url(), /amount=1000.*share=20/);
    assert.match(await text(page, "main"), /200.USD/);
    await press(page, "main a.btn[href*='/join/']");
    const address = `hoa.${Date.now()}@example.com`;
    await page.type("#id_email", address);
    await page.$eval("#id_consent", (e) => e.click());
    await press(page, "main form button[type=submit]");
    await page.goto(await linkInNewestMail(page));
    await press(page, "main form button[type=submit]");
    assert.match(page.url(), /\/me\/plans\/new\/\?amount=1000/, "the answers came along");
    assert.strictEqual(await page.$eval("#id_share", (e) => e.value), "20");
    assert.strictEqual(await page.$eval("#id_project_cap", (e) => e.value), "200");
    await accessible(page);
    await press(page, "main form button.btn");
    assert.ok(await page.$("#error-summary"), "nobody agrees or stays silent by default");
    await page.select("#id_country", "US");
    await page.select("#id_zone", "America/Los_Angeles");
    await page.$eval("#id_day", (e) => { e.value = "15"; });
    await page.$eval("#id_project_cap", (e) => { e.value = "60"; });
    await page.$eval("input[name=when_nothing][value=nothing]", (e) => e.click());
    await page.$eval("input[name=on_silence][value=pledge]", (e) => e.click());
    await page.$eval("#id_consent", (e) => e.click());
    await press(page, "main form button.btn");
    assert.match(page.url(), /\/me\/plans\/pln_[0-9a-z]+\/$/);
    const plan = page.url();
    await accessible(page);
    const days = daysUntil(15 - 5);
    await moveDate(page, days + 1);
    plans();
    await page.goto(plan);
    const before = await page.$$("ol.alloc form[action$='/remove/']");
    assert.ok(before.length >= 2, `${before.length} projects are proposed`);
    await accessible(page);
    await press(page, "ol.alloc form[action$='/remove/'] button");
    assert.ok(await page.$("ol.alloc form[action$='/keep/']"), "a removal can be undone");
    await moveDate(page, days + 7);
    plans();
    await page.goto(plan);
    assert.ok(await page.$("ol.cal li.ok"), "the month became pledges");
    await accessible(page);
    await page.goto(`${base}/${language}/me/pledges/`);
    const made = await page.$$eval("main a[href*='/me/pledges/plg_']", (all) =>
      new Set(all.map((a) => a.getAttribute("href").split("/")[4])).size);
    assert.strictEqual(made, before.length - 1, "what was removed is no pledge");
    await page.goto(plan);
    await press(page, "form[action$='/pause/'] button");
    assert.ok(await page.$("form[action$='/resume/']"));
    await moveDate(page, 0);
  },
  // Public flows → the finding's table → the file → checked whole, then with one figure changed.
  async flows(page) {
    await page.goto(`${base}/${language}/flows/`);
    await press(page, "main a[href*='/flows/example-']");
    await page.$eval("figure details summary", (e) => e.click());
    assert.ok(await page.$("figure details[open] table caption"), "the table stands below the chart");
    const shown = await text(page, "dl.sl code.hash");
    const href = await page.$eval("a[href$='.csv']", (a) => a.href);
    const file = path.join(os.tmpdir(), `flows-${process.pid}.csv`);
    const data = await (await fetch(href)).text();
    fs.writeFileSync(file, data);
    const check = async () => {
      await page.goto(`${base}/${language}/flows/check/`);
      await (await page.$("#file")).uploadFile(file);
      await press(page, "main form button");
      await accessible(page);
    };
    await check();
    assert.strictEqual(await text(page, "[role=status] code.hash"), shown);
    assert.ok(await page.$("[role=status] .note.ok"));
    const lines = data.split("\r\n");
    const row = lines.findIndex((l) => l.includes(",pledged,VND,") && l.includes(",shown,"));
    lines[row] = lines[row].replace(/(pledged,VND,)\d/, "$19");
    fs.writeFileSync(file, lines.join("\r\n"));
    await check();
    assert.match(await text(page, "[role=status]"), new RegExp(`\\b${row - 1}\\b`));
    assert.ok(await page.$("[role=status] .note.warn"));
    fs.writeFileSync(file, [...data.split("\r\n").slice(0, 40), ""].join("\r\n"));
    await check();
    assert.match(await text(page, "[role=status]"), EN ? /missing at the end/ : /cuối/);
    fs.unlinkSync(file);
    const json = await (await fetch(await page.evaluate(() => `${location.origin}/api/v1/flows/`))).json();
    assert.ok(json.head_sha256);
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
    assert.match(page.url(), /\/office\/queue\/$/, "officers begin at their work");
  },
};

async function signIn(page, email) {
  await page.goto(`${base}/${language}/account/sign-in/`);
  await page.type("input[name=login]", email);
  await page.type("input[name=password]", process.env.DEMO_PASSWORD);
  await press(page, "main form button[type=submit]");
}

// From the project's page to the page of the payment provider.
async function pledge(page, slug, amount) {
  await page.goto(`${base}/${language}/projects/${slug}/`);
  await page.type("#pl_amount", amount);
  await page.select("#pl_currency", "USD");
  await press(page, "form[action$='/pledge/'] button");
  assert.strictEqual(await page.$eval("#id_amount", (e) => e.value), amount);
  await accessible(page);
  await press(page, "main form button.btn");
  assert.match(page.url(), /\/check\/$/);
  await accessible(page);
  await press(page, "main form button.btn");
  assert.ok(await page.$("#error-summary"), "the box is never ticked for somebody");
  await page.$eval("#id_agreed", (e) => e.click());
  await press(page, "main form button.btn");
  assert.match(page.url(), /\/checkout\//);
}

async function saveCard(page, number) {
  await page.type("#number", number);
  await page.type("#expiry", "12/39");
  await page.type("#cvc", "123");
  await press(page, "form button");
  if (/\/3ds\//.test(page.url())) await press(page, "button[value=yes]");
  assert.match(page.url(), /\/me\/pledges\/plg_[0-9a-z]+\/$/);
}

async function moveDate(page, days) {
  await page.goto(`${base}/${language}/demo-date/`);
  await page.$eval("#id_days", (e) => { e.value = ""; });
  await page.type("#id_days", String(days));
  await press(page, "main form.stack button");
}

// What worker and beat do within seconds: charges, then the rounds that are settled by them.
function work() {
  const code = "from backend.funding import payment_tasks, tasks; from backend.core import jobs; "
    + "payment_tasks.charge_due(); tasks.close_rounds(); jobs.run_due_jobs(); "
    + "payment_tasks.charge_due()";
  execSync(`${process.env.PYTHON} manage.py shell -v 0 --no-imports -c "${code}"`,
    { cwd: process.env.ROOT, stdio: "ignore" });
}

// What changes money asks for the password of the last minutes, once, and then goes on.
async function again(page) {
  if (!/account\/again\//.test(page.url())) return;
  await page.type("input[name=password]", process.env.DEMO_PASSWORD);
  await press(page, "main form button[type=submit]");
}

// What beat does every ten minutes: proposals of all plans, and pledges of those whose time is over.
function plans() {
  const code = "from backend.remittances import run_actions; run_actions.look_at_plans()";
  execSync(`${process.env.PYTHON} manage.py shell -v 0 --no-imports -c "${code}"`,
    { cwd: process.env.ROOT, stdio: "ignore" });
}

// Days from today to the next day of that number, as California counts.
function daysUntil(day) {
  const today = new Date();
  const next = new Date(today.getFullYear(), today.getMonth(), day, 12);
  if (next <= today) next.setMonth(next.getMonth() + 1);
  return Math.ceil((next - today) / 86400000);
}

// Signing in as somebody of the office: password, then the code that the local outbox shows.
// A code opens one door only: where an earlier journey used it up, the next one is awaited.
async function enterOffice(page, email) {
  const cookies = await page.cookies();
  if (cookies.length) await page.deleteCookie(...cookies);
  await page.goto(`${base}/${language}/account/sign-in/`);
  await page.type("input[name=login]", email);
  await page.type("input[name=password]", process.env.DEMO_PASSWORD);
  await press(page, "main form button[type=submit]");
  let used = "";
  for (let i = 0; i < 2 && /sign-in\/code\/$/.test(page.url()); i += 1) {
    used = await codeAfter(page, email, used);
    await page.$eval("#id_code", (e) => { e.value = ""; });
    await page.type("#id_code", used);
    await press(page, "main form button[type=submit]");
  }
  assert.doesNotMatch(page.url(), /sign-in/, `${email} is in`);
}

async function codeAfter(page, email, used) {
  const outbox = await page.browserContext().newPage();
  for (let i = 0; i < 40; i += 1) {
    await outbox.goto(`${base}/${language}/outbox/`);
    const code = (await outbox.$$eval("main table tr", (rows, who) =>
      rows.find((r) => r.innerText.includes(who)).querySelector("code").innerText, email))
      .replace(/\s/g, "");
    if (code !== used) {
      await outbox.close();
      return code;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  throw new Error(`no new code for ${email}`);
}

const rowWith = (page, version) => page.$$eval("tr[data-row]", (rows, v) =>
  rows.findIndex((r) => r.querySelector("td.num").innerText.trim() === v
    && !r.querySelector("th .tag")), version);

// Mails are sent by a worker; here its work is done on the spot.
async function openNewestMail(page) {
  execSync(`${process.env.PYTHON} manage.py run_jobs`, {
    cwd: process.env.ROOT, stdio: ["ignore", "ignore", "pipe"] }); // what went wrong is told
  await page.goto(`${base}/${language}/outbox/`);
  await press(page, ".docs a");
}

async function linkInNewestMail(page) {
  await openNewestMail(page);
  return page.$eval(".mail-text a", (a) => a.href);
}

Object.assign(journeys, require("./owner_journeys")({
  base, language, javascript, press, text, enterOffice,
}));

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
