// Small conveniences; every page works without them.
for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());

// A menu closes on Escape and on a press beside it; the focus goes back to where it was.
for (const menu of document.querySelectorAll("details.j-account")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("pointerdown", (event) => { if (!menu.contains(event.target)) menu.open = false; });
}

// The table of contents marks the heading being read.
const entries = new Map([...document.querySelectorAll(".j-toc a[href^='#']")].map((a) => [a.hash.slice(1), a]));
if (entries.size) {
  const watch = new IntersectionObserver((seen) => {
    for (const one of seen) if (one.isIntersecting) {
      for (const a of entries.values()) a.removeAttribute("aria-current");
      entries.get(one.target.id)?.setAttribute("aria-current", "true");
    }
  }, { rootMargin: "-80px 0px -70% 0px" });
  for (const id of entries.keys()) { const heading = document.getElementById(id); if (heading) watch.observe(heading); }
}
