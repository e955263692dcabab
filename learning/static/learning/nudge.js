// A hint counts as shown when somebody had it on the screen: a POST, once.
const hint = document.querySelector("[data-nudge]");
if (hint) {
  const token = hint.querySelector("[name=csrfmiddlewaretoken]").value;
  const watch = new IntersectionObserver((seen) => {
    if (!seen.some((one) => one.isIntersecting) || document.visibilityState !== "visible") return;
    watch.disconnect();
    fetch(hint.dataset.nudge, { method: "POST", keepalive: true, headers: { "X-CSRFToken": token } }).catch(() => {});
  }, { threshold: 0.5 });
  watch.observe(hint);
}
