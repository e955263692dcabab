// Small helps for the editors. Everything works without them: forms post, links lead.
(() => {
  "use strict";
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";

  // A condition is checked while it is written; the answer replaces the old one.
  const check = async (area) => {
    const out = document.getElementById(`${area.id}-v`);
    area.asked?.abort();
    area.asked = new AbortController();
    const body = new URLSearchParams({ name: area.name, text: area.value });
    try {
      const answer = await fetch(area.dataset.check, {
        method: "POST", body, signal: area.asked.signal, credentials: "same-origin",
        headers: { "X-CSRFToken": token() },
      });
      if (!answer.ok) return;
      const piece = new DOMParser().parseFromString(await answer.text(), "text/html");
      out.replaceChildren(...piece.body.childNodes);
    } catch (error) {
      if (error.name !== "AbortError") out.textContent = "";
    }
  };
  const watch = (area) => {
    let later;
    area.addEventListener("input", () => {
      clearTimeout(later);
      later = setTimeout(check, 400, area);
    });
    if (area.value.trim()) check(area);
  };

  // Fields that only some answers need.
  const follow = (field) => {
    const [name, value] = field.dataset.shownIf.split("=");
    const answer = field.closest("form").elements[name];
    const show = () => { field.hidden = answer.value !== value; };
    answer.addEventListener("change", show);
    show();
  };

  // A text's preview follows what is typed.
  const look = (form) => {
    const out = document.getElementById("preview");
    let later, asked;
    form.addEventListener("input", () => {
      clearTimeout(later);
      later = setTimeout(async () => {
        asked?.abort();
        asked = new AbortController();
        try {
          const answer = await fetch(form.dataset.look, {
            method: "POST", body: new URLSearchParams(new FormData(form)), signal: asked.signal,
            credentials: "same-origin",
          });
          if (!answer.ok) return;
          const piece = new DOMParser().parseFromString(await answer.text(), "text/html");
          out.replaceChildren(...piece.body.childNodes);
        } catch (error) {
          if (error.name !== "AbortError") throw error;
        }
      }, 600);
    });
  };

  // Leaving with something typed and not saved asks first.
  const guard = (form) => {
    let typed = false;
    form.addEventListener("input", () => { typed = true; });
    form.addEventListener("submit", () => { typed = false; });
    addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });
  };

  // A second click on a button that already works does nothing.
  const once = (form) => form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("textarea[data-condition]").forEach(watch);
    document.querySelectorAll("[data-shown-if]").forEach(follow);
    document.querySelectorAll("form[data-draft]").forEach(guard);
    document.querySelectorAll("form[data-look]").forEach(look);
    document.querySelectorAll(".j-page form[method=post]").forEach(once);
  });
  addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  });
})();
