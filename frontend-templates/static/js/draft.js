// Saves a section while it is written. What cannot be sent stays in this browser until it can.
(() => {
  const form = document.querySelector("form[data-draft]");
  if (!form) return;
  const status = document.getElementById("saved");
  const say = (words) => { status.textContent = words; };
  const { who, offline, expired, restored, kept, use, drop, saving } = form.dataset;
  const key = `ck-draft:${who}:${form.dataset.draft}`;
  const version = form.elements.version;
  const own = new Set(["csrfmiddlewaretoken", "version"]);
  const only = (data) => [...data].filter(([n, v]) => !own.has(n) && typeof v === "string");
  const fields = () => only(new FormData(form));
  const store = {
    get() { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    set(v) { try { localStorage.setItem(key, JSON.stringify(v)); } catch { /* full or forbidden */ } },
    drop() { try { localStorage.removeItem(key); } catch { /* forbidden */ } },
  };
  let sent = JSON.stringify(fields()), timer = 0, busy = false, stopped = false;
  // What was on its way when the connection broke: it may have arrived, so it is sent again first.
  let lost = null;

  async function post(body) {
    return fetch(form.action, { method: "POST", body, redirect: "manual", headers: { "X-Autosave": "1" } });
  }

  async function save() {
    const body = lost || new FormData(form);
    const now = JSON.stringify(only(body));
    if (busy || stopped || (!lost && now === sent)) return;
    busy = true;
    store.set({ version: version.value, fields: fields() });
    say(saving);
    try {
      const answer = await post(body);
      lost = null;
      if (answer.type === "opaqueredirect" || answer.status === 403) say(expired);
      else if (answer.status === 409) { stopped = true; say((await answer.json()).words); }
      else if (answer.ok) {
        const done = await answer.json();
        version.value = done.version;
        sent = now;
        if (JSON.stringify(fields()) === sent) store.drop();
        say(done.words);
      } else say(offline);
    } catch { lost = body; say(offline); plan(10000); }
    busy = false;
    if (!stopped && JSON.stringify(fields()) !== sent) plan(2000);
  }

  function plan(ms) { clearTimeout(timer); timer = setTimeout(save, ms); }

  function fill(list) {
    const values = new Map();
    for (const [n, v] of list) values.set(n, [...(values.get(n) || []), v]);
    for (const e of form.elements) {
      if (!e.name || own.has(e.name) || e.type === "submit") continue;
      const found = values.get(e.name) || [];
      if (e.type === "radio" || e.type === "checkbox") e.checked = found.includes(e.value);
      else e.value = found.length ? found.shift() : "";
      count(e);
    }
    // Rows that this page does not show yet are sent along as they were typed.
    const shown = new Set([...form.elements].map((e) => e.name));
    for (const [n, list2] of values) if (!shown.has(n)) for (const v of list2) {
      const hidden = Object.assign(document.createElement("input"), { type: "hidden", name: n, value: v });
      form.append(hidden);
    }
  }

  const shown = (n) => Number(n).toLocaleString(document.documentElement.lang);

  function count(e) {
    const place = document.querySelector(`[data-count="${e.id}"]`);
    if (!place) return;
    const n = [...e.value].length;
    place.textContent = form.dataset.of.replace("##", shown(place.dataset.most)).replace("#", shown(n));
    place.classList.toggle("over", n > Number(place.dataset.most));
  }

  const old = store.get();
  if (old && old.submitted && old.version !== version.value) store.drop();
  else if (old && JSON.stringify(old.fields) !== sent) {
    if (old.version === version.value) { fill(old.fields); say(restored); plan(2000); }
    else {
      const box = document.getElementById("kept");
      const button = (words, act) => {
        const b = Object.assign(document.createElement("button"), { type: "button", className: "btn sec s", textContent: words });
        b.addEventListener("click", () => { act(); box.hidden = true; });
        return b;
      };
      box.append(kept, button(use, () => { fill(old.fields); plan(500); }), button(drop, () => store.drop()));
      box.hidden = false;
    }
  } else if (old) store.drop();

  form.addEventListener("input", (event) => { count(event.target); plan(2000); });
  form.addEventListener("focusout", () => plan(300));
  form.addEventListener("submit", () => {
    stopped = true;
    store.set({ version: version.value, fields: fields(), submitted: true });
  });
  window.addEventListener("online", () => plan(100));
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  form.addEventListener("focusin", () => {
    const take = new FormData();
    take.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    take.set("do", "take");
    post(take).catch(() => {});
  }, { once: true });
  setInterval(() => { if (!document.hidden && JSON.stringify(fields()) !== sent) save(); }, 60000);
})();
