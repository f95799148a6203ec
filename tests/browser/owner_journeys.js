// What an owner does: from the first word to a question answered in public, and a text that is never lost.
const assert = require("node:assert");
const { execSync } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

module.exports = ({ base, language, javascript, press, text, enterOffice }) => {
  const url = (rest) => `${base}/${language}/${rest}`;
  const worker = () =>
    execSync(`${process.env.PYTHON} manage.py run_jobs`, { cwd: process.env.ROOT, stdio: "ignore" });

  // A browser of its own for each person, so that everybody signs in once.
  async function as(page, email, enter) {
    const context = await page.browser().createBrowserContext();
    const own = await context.newPage();
    await own.setViewport(page.viewport());
    await own.setJavaScriptEnabled(javascript === "on");
    await enter(own, email);
    return own;
  }

  async function signIn(page, email) {
    await page.goto(url("account/sign-in/"));
    await page.type("input[name=login]", email);
    await page.type("input[name=password]", process.env.DEMO_PASSWORD);
    await press(page, "main form button[type=submit]");
    assert.doesNotMatch(page.url(), /sign-in/, `${email} is in`);
  }

  // Names of fields to what is typed or chosen; `true` ticks, a list ticks several.
  const fill = (page, values) => page.evaluate((given) => {
    for (const [name, value] of Object.entries(given)) {
      const all = [...document.querySelectorAll(`[name="${name}"]`)];
      if (!all.length) throw new Error(`no field ${name}`);
      for (const e of all) {
        if (e.type === "radio" || e.type === "checkbox")
          e.checked = value === true || [].concat(value).map(String).includes(e.value);
        else e.value = value;
        e.dispatchEvent(new Event("change", { bubbles: true }));
      }
    }
  }, values);

  async function section(page, proposal, name, values, rows = []) {
    await page.goto(`${proposal}section/${name}/`);
    await fill(page, values);
    for (const row of rows) {
      await press(page, "button[name=do][value=add]");
      await fill(page, row);
    }
    await press(page, "button[name=do][value=save]");
    assert.strictEqual(await page.$("#error-summary"), null, `${name} is taken`);
  }

  const ask = (page) => press(page, "button[name=conflict][value=no]");

  return {
    // Draft → missing parts named → submitted → returned → answered → two reviews → letter → listed → asked.
    async owner(page) {
      const title = `Máy sấy cá khô dùng nhiệt thải ${Date.now()}`;
      const van = await as(page, "van@caukieu.example", signIn);
      await van.goto(url("proposals/new/"));
      await fill(van, { title, original_language: "vi" });
      if (await van.$("[name=organisation]"))
        await van.$eval("[name=organisation]", (e) => { e.selectedIndex = 1; });
      await press(van, "main form button[type=submit]");
      const proposal = van.url().replace(/section.*$/, "");
      await van.goto(`${proposal}check/`);
      await press(van, "form.panel button[type=submit]");
      assert.ok((await van.$$("#error-summary li")).length > 8, "every missing part is named");

      await section(van, proposal, "problem", {
        summary_vi: "Sấy bằng hơi thải của lò nước đá, không đốt thêm củi.",
        problem_vi: "Mỗi vụ 1.200 tấn cá phơi ngoài trời bị mưa làm hỏng 9%.",
        "impact-0-kpi_vi": "Cá hỏng vì mưa", "impact-0-baseline": "9", "impact-0-target": "2,5",
        "impact-0-unit": "%",
      });
      await section(van, proposal, "technology", {
        solution_vi: "Bộ trao đổi nhiệt lấy hơi nóng 65 °C từ giàn ngưng.", trl: 6,
        technologies: ["iot_sensors"],
      });
      await section(van, proposal, "field", { field: "smart_manufacturing", pillars: ["net_zero"] });
      await section(van, proposal, "place", { place_code: "25747" });
      await section(van, proposal, "team", {
        languages: ["vi"], "team-0-role_vi": "Kỹ sư nhiệt", "team-0-background_vi": "Mười năm làm lò sấy",
      });
      await section(van, proposal, "market", { market_vi: "42 vựa cá đã ký ý định mua." });
      // Sums that differ are named with both of them; then they agree.
      await section(van, proposal, "budget", {
        currency: "VND", goal_minor: "600 triệu", "budget-0-item_vi": "Bộ trao đổi nhiệt",
        "budget-0-amount_minor": "450.000.000",
      }, [{ "budget-1-item_vi": "Lắp đặt", "budget-1-amount_minor": "150 triệu" }]);
      await section(van, proposal, "milestones", {
        "milestones-0-title_vi": "Chạy thử một tháng", "milestones-0-evidence_vi": "Nhật ký nhiệt độ",
        "milestones-0-months_after_close": "4", "milestones-0-amount_minor": "250 triệu",
      }, [{
        "milestones-1-title_vi": "Đủ ba lò", "milestones-1-evidence_vi": "Biên bản nghiệm thu",
        "milestones-1-months_after_close": "9", "milestones-1-amount_minor": "350 triệu",
      }]);
      await section(van, proposal, "risks", {
        "risks-0-risk_vi": "Lò đá ngừng chạy", "risks-0-answer_vi": "Có bơm nhiệt dự phòng",
      });
      await section(van, proposal, "terms", {
        instrument: "contribution", min_ticket_minor: "500.000", horizon_months: "18",
      });
      await section(van, proposal, "high_value", {
        list_item: "robotics", figures_year: "2025", revenue_minor: "4 tỷ", inputs_minor: "2,6 tỷ",
        readiness_before: "6", readiness_after: "8",
      });
      await van.goto(`${proposal}section/documents/`);
      const file = path.join(os.tmpdir(), `bao-gia-${process.pid}.txt`);
      fs.writeFileSync(file, "Báo giá bộ trao đổi nhiệt");
      await (await van.$("input[type=file]")).uploadFile(file);
      await press(van, "main form.box button[type=submit]");
      assert.strictEqual((await van.$$("ul.docs li")).length, 1);
      await van.goto(`${proposal}section/readiness/principle/connected_flows/`);
      await fill(van, { "met-connected_flows.1.1": "yes", "proof-connected_flows.1.1": "Sơ đồ ngày 03/10" });
      const proof = await van.$('select[name="file-connected_flows.1.1"]');
      await proof.evaluate((e) => { e.selectedIndex = 1; });
      await press(van, "button[name=do][value=save]");
      await section(van, proposal, "declarations", { declarations: true });
      await van.goto(`${proposal}preview/`);
      assert.match(await text(van, "h1"), /Máy sấy/);
      await van.goto(`${proposal}check/`);
      await press(van, "form.panel button[type=submit]");
      assert.strictEqual(await van.$("#error-summary"), null, "it is handed in");
      worker();

      const tung = await as(page, "tung@caukieu.example", enterOffice);
      await tung.goto(url(`office/queue/?q=${encodeURIComponent(title)}`));
      await press(tung, "tr[data-row] th a");
      await ask(tung);
      const file_of = tung.url().replace(/[?#].*$/, "");
      await press(tung, "button[name=do][value=begin]");
      assert.ok(await tung.$("a[href*='/documents/doc_']"), "the file can be opened");
      await fill(tung, { ask_vi: "Thêm báo giá thứ hai." });
      await tung.$$eval("[name=ask_vi]", (all) => all.slice(1).forEach((e) => { e.value = ""; }));
      await press(tung, "button[name=do][value=return]");

      await van.goto(`${proposal}requests/`);
      await van.type("textarea[name$=answer]", "Đã thêm vào phần dự toán");
      await press(van, "ol form button[type=submit]");
      await section(van, proposal, "budget", { "budget-0-item_vi": "Bộ trao đổi nhiệt, hai báo giá" });
      await van.goto(`${proposal}check/`);
      await press(van, "form.panel button[type=submit]");
      worker();

      await tung.goto(file_of);
      await press(tung, "button[name=do][value=begin]");
      await tung.goto(`${file_of}?part=budget`);
      assert.match(await text(tung, "table.diff"), /hai báo giá/);
      await tung.$$eval(".checks input[value=yes]", (all) => all.forEach((e) => { e.checked = true; }));
      await press(tung, "button[name=do][value=open]");
      await tung.$eval("#value input[value=yes]", (e) => { e.checked = true; });
      await press(tung, "#value button[type=submit]");
      const score = async (officer) => {
        await officer.$$eval("fieldset[data-score] input[value='4']", (all) =>
          all.forEach((e) => { e.checked = true; }));
        await press(officer, "button[name=do][value=submit]");
      };
      await score(tung);
      const duong = await as(page, "duong@caukieu.example", enterOffice);
      await duong.goto(file_of);
      await ask(duong);
      await score(duong);
      const bao = await as(page, "bao@caukieu.example", enterOffice);
      await bao.goto(file_of);
      await ask(bao);
      await press(bao, "a[href$='/decide/']");
      await fill(bao, { outcome: "list" });
      await press(bao, "button[name=do][value=preview]");
      await press(bao, "button[name=do][value=keep]");
      const letter = bao.url();
      const oanh = await as(page, "oanh@caukieu.example", enterOffice);
      await oanh.goto(letter);
      await ask(oanh);
      await press(oanh, "form[action$='/sign/'] button");
      await oanh.goto(url("demo-date/"));
      const days = Number(await oanh.$eval("[name=days]", (e) => e.value));
      await fill(oanh, { days: String(days + 1) });
      await press(oanh, "main form button[type=submit]");

      await van.goto(proposal);
      await press(van, "main a[href*='/projects/']");
      const listed = van.url();
      const mai = await as(page, "mai@caukieu.example", signIn);
      await mai.goto(`${listed}ask/`);
      await mai.type("textarea[name=text]", "Mỗi mẻ sấy mất mấy giờ?");
      await press(mai, "main form button[type=submit]");
      await van.goto(`${proposal}questions/`);
      await van.type("textarea[name$=answer]", "Mười một giờ.");
      await press(van, "ol form button[type=submit]");
      await mai.goto(listed);
      assert.match(await text(mai, "#questions"), /Mười một giờ/);
      assert.doesNotMatch(await text(mai, "#questions"), /Mai Anh/);
      await mai.goto(`${listed}review/`);
      assert.match(await text(mai, "#high-value"), /35%/);
      await mai.goto(url("projects/?high_value=confirmed"));
      assert.match(await text(mai, "#results"), /Máy sấy cá khô/);
      await oanh.goto(url("demo-date/"));
      await fill(oanh, { days: String(days) });
      await press(oanh, "main form button[type=submit]");
      for (const one of [van, tung, duong, bao, oanh, mai]) await one.browserContext().close();
    },

    // Autosave, a lost connection, a closed window, an expired sign-in, two windows: no text is lost.
    async autosave(page) {
      await signIn(page, "van@caukieu.example");
      await page.goto(url("proposals/new/"));
      await fill(page, { title: `Nháp ${Date.now()}`, original_language: "vi" });
      if (await page.$("[name=organisation]"))
        await page.$eval("[name=organisation]", (e) => { e.selectedIndex = 1; });
      await press(page, "main form button[type=submit]");
      const place = `${page.url().replace(/section.*$/, "")}section/market/`;
      const words = () => page.$eval("[name=market_vi]", (e) => e.value);
      const more = async (typed) => {
        await page.$eval("[name=market_vi]", (e) => { e.focus(); e.setSelectionRange(9999, 9999); });
        await page.keyboard.type(typed);
      };
      const said = (part) => page.waitForFunction((p) => document.getElementById("saved").innerText.includes(p),
        { timeout: 15000 }, part);
      await page.goto(place);
      const { offline, expired, restored } = await page.$eval("form[data-draft]", (f) => ({ ...f.dataset }));

      await more("Bốn vựa");
      await page.waitForFunction(() => document.querySelector("[name=version]").value === "1", { timeout: 15000 });
      await page.reload();
      assert.strictEqual(await words(), "Bốn vựa", "saved without a press");

      await page.setOfflineMode(true);
      await more(" cá");
      await said(offline);
      await page.setOfflineMode(false);
      await page.waitForFunction(() => document.querySelector("[name=version]").value === "2", { timeout: 20000 });
      assert.strictEqual(await words(), "Bốn vựa cá", "sent when the connection is back");

      await page.setOfflineMode(true);
      await more(" khô");
      await said(offline);
      await page.setOfflineMode(false);
      await page.goto(place);
      // Said until it is sent, which may be sooner than we look.
      await page.waitForFunction((p) => document.getElementById("saved").innerText.includes(p)
        || document.querySelector("[name=version]").value === "3", { timeout: 15000 }, restored.slice(0, 12));
      await page.waitForFunction(() => document.querySelector("[name=version]").value === "3", { timeout: 20000 });
      assert.strictEqual(await words(), "Bốn vựa cá khô", "kept by the browser over a closed page");

      const session = (await page.cookies()).filter((c) => c.name === "sessionid");
      await page.deleteCookie(...session);
      await more(" biển");
      await said(expired);
      await press(page, "button[name=do][value=save]");
      assert.match(page.url(), /sign-in/);
      await page.type("input[name=login]", "van@caukieu.example");
      await page.type("input[name=password]", process.env.DEMO_PASSWORD);
      await press(page, "main form button[type=submit]");
      assert.strictEqual(page.url(), place);
      assert.strictEqual(await words(), "Bốn vựa cá khô biển", "back after the sign-in");
      await press(page, "button[name=do][value=save]");

      const other = await page.browserContext().newPage();
      await other.goto(place);
      await other.$eval("[name=market_vi]", (e) => { e.value = "Cửa sổ kia"; });
      await press(other, "button[name=do][value=save]");
      await other.close();
      await page.$eval("[name=market_vi]", (e) => { e.value = "Cửa sổ này"; });
      await press(page, "button[name=do][value=save]");
      const both = await text(page, "main table");
      assert.match(both, /Cửa sổ kia/);
      assert.match(both, /Cửa sổ này/);
      await press(page, "main form button[type=submit]");
      await page.goto(place);
      assert.strictEqual(await words(), "Cửa sổ này");
      await page.goto(`${place}saves/`);
      assert.match(await page.$eval("main", (e) => e.textContent), /Cửa sổ kia/, "none is lost");

      // A chosen file: no connection, then no sign-in, then in; and a mistake beside it costs no file.
      await page.goto(place.replace("market", "documents"));
      const upload = await page.$eval("form[data-upload]", (f) => ({ ...f.dataset }));
      const told = (words) => page.waitForFunction((w) => document.querySelector("[data-said]").innerText === w,
        { timeout: 20000 }, words);
      const file = path.join(os.tmpdir(), `giay-${process.pid}.txt`);
      fs.writeFileSync(file, "Giấy phép");
      await (await page.$("input[type=file]")).uploadFile(file);
      const send = () => page.$eval("form[data-upload] button", (e) => e.click());
      await page.setOfflineMode(true);
      await send();
      await told(upload.offline);
      await page.setOfflineMode(false);
      await page.deleteCookie(...(await page.cookies()).filter((c) => c.name === "sessionid"));
      await send();
      await told(upload.expired);
      const again = await page.browserContext().newPage();
      await signIn(again, "van@caukieu.example");
      await again.close();
      await page.$eval("[name=title]", (e) => { e.value = "4242 4242 4242 4242"; });
      await send();
      await page.waitForSelector("#error-summary", { timeout: 20000 });
      await page.$eval("[name=title]", (e) => { e.value = ""; });
      await send();
      await page.waitForSelector("ul.docs li", { timeout: 20000 });
      assert.match(await text(page, "ul.docs"), /giay-/, "the file that was chosen once");
      fs.unlinkSync(file);
    },
  };
};
