// A chosen file stays chosen while the connection or the sign-in is away: the page is asked for
// before the file is sent, and what the server answers takes the place of the page.
(() => {
  function watch() {
    const form = document.querySelector("form[data-upload]");
    if (!form) return;
    const said = form.querySelector("[data-said]");
    const { offline, expired, sending } = form.dataset;
    const say = (words) => { said.hidden = false; said.textContent = words; };
    let busy = false;

    async function send() {
      const page = await fetch(location.href, { redirect: "manual", cache: "no-store" });
      if (page.type === "opaqueredirect") return say(expired);
      // Somebody who signed in again in another window has another token.
      const token = new DOMParser().parseFromString(await page.text(), "text/html")
        .querySelector("form[data-upload] [name=csrfmiddlewaretoken]");
      if (token) form.elements.csrfmiddlewaretoken.value = token.value;
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      // A file with nothing wrong about it need not be chosen twice.
      const old = form.querySelector("input[type=file]");
      const fresh = next.querySelector("form[data-upload] input[type=file]");
      if (answer.status === 400 && fresh && !fresh.closest(".bad")) fresh.replaceWith(old);
      document.title = next.title;
      document.querySelector("main").replaceWith(next.querySelector("main"));
      history.replaceState(null, "", answer.url);
      window.scrollTo(0, 0);
      const summary = document.getElementById("error-summary");
      if (summary) summary.focus();
      watch();
    }

    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      say(sending);
      try { await send(); } catch { say(offline); }
      busy = false;
    });
  }
  watch();
})();
