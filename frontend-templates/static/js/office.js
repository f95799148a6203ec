// Single keys, autosave and nothing else: every page of the office works without this file.
// Keys never fire inside inputs, and a person can switch them off (WCAG 2.1.4).
(() => {
  "use strict";
  const desk = document.querySelector(".desk");
  const keysOn = desk && desk.hasAttribute("data-keys");
  const typing = (e) => e.target.closest("input:not([type=radio]):not([type=checkbox]),textarea,select,[contenteditable]");
  const rows = () => [...document.querySelectorAll("[data-row]")];
  let at = -1;

  function move(step) {
    const all = rows();
    if (!all.length) return;
    at = Math.max(0, Math.min(all.length - 1, at + step));
    const link = all[at].querySelector("a") || all[at];
    link.focus();
    all[at].scrollIntoView({ block: "nearest" });
  }

  function press(key) {
    if (key === "j" || key === "k") return move(key === "j" ? 1 : -1), true;
    if (key === "x" && at >= 0) {
      const box = rows()[at].querySelector("input[type=checkbox]");
      if (box) return box.click(), true;
    }
    if (key === "?") {
      const help = document.getElementById("keys");
      if (help) return help.scrollIntoView({ block: "center" }), help.focus(), true;
    }
    if (/^[0-5]$/.test(key) && score(key)) return true;
    const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!target || target.disabled) return false;
    if (key === "a" && at >= 0 && !document.querySelector("[data-row] input:checked")) press("x");
    if (typing({ target }) || target.matches("fieldset,section,form")) target.focus();
    else target.click();
    return true;
  }

  // A digit scores the criterion that has the focus, or the first one without a score.
  function score(digit) {
    const groups = [...document.querySelectorAll("fieldset[data-score]")];
    if (!groups.length) return false;
    const here = document.activeElement.closest && document.activeElement.closest("fieldset[data-score]");
    const open = groups.filter((g) => !g.querySelector("input:checked"));
    const group = here && !here.dataset.done ? here : open[0] || here;
    if (!group) return false;
    const input = group.querySelector(`input[type=radio][value="${digit}"]`);
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    group.dataset.done = "1";
    const next = groups[groups.indexOf(group) + 1];
    const focus = next ? next.querySelector("input:checked") || next.querySelector("input") : input;
    focus.focus();
    return true;
  }

  document.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
      const form = (e.target.closest && e.target.closest("form[data-submit]")) || document.querySelector("form[data-submit]");
      if (form) {
        e.preventDefault();
        form.requestSubmit(form.querySelector("[data-main]"));
      }
      return;
    }
    if (!keysOn || e.ctrlKey || e.metaKey || e.altKey || typing(e)) return;
    if (press(e.key)) e.preventDefault();
  });

  // New cases are announced, and the list stays where it is until the person asks for them.
  const news = document.querySelector("[data-news]");
  if (news) {
    const look = async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(news.dataset.news, { headers: { Accept: "application/json" } });
        const { said } = await answer.json();
        if (!said || news.textContent === said) return;
        const link = document.createElement("a");
        link.href = location.href.split("#")[0];
        link.textContent = said;
        news.replaceChildren(link);
      } catch {
        // Signed out or offline: the next page says so.
      }
    };
    setInterval(look, 30000);
    document.addEventListener("visibilitychange", look);
  }

  // The weighted total follows the scores; the server works it out again.
  const form = document.querySelector("form[data-autosave]");
  if (form) {
    const status = form.querySelector("[role=status]");
    const total = form.querySelector("[data-total]");
    const groups = [...form.querySelectorAll("fieldset[data-score]")];
    const sum = () => {
      if (!total) return;
      let points = 0;
      for (const g of groups) {
        const input = g.querySelector("input:checked");
        if (input) points += Math.floor((Number(input.value) * Number(g.dataset.weight) * 2 + 5) / 10);
      }
      total.textContent = `${points}/100`;
    };
    let timer;
    const save = async () => {
      const body = new FormData(form);
      body.delete("do");
      try {
        const answer = await fetch(form.action, { method: "POST", body, headers: { "X-Autosave": "1" } });
        const said = await answer.json();
        status.textContent = said.said;
      } catch {
        status.textContent = form.dataset.unsaved;
        clearTimeout(timer);
        timer = setTimeout(save, 10000);
      }
    };
    const later = () => {
      sum();
      clearTimeout(timer);
      timer = setTimeout(save, 1500);
    };
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    form.addEventListener("submit", () => clearTimeout(timer));
    window.addEventListener("online", later);
    sum();
  }
})();
