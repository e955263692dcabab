// The picture of the two numbers, and a button that says what it will register.
const form = document.querySelector("[data-goal]");
if (form) {
  const now = form.querySelector("[name=baseline]"), goal = form.querySelector("[name=target]");
  const button = form.querySelector("[data-submit]"), plain = button.textContent;
  const picture = form.querySelector("[data-picture]"), unit = form.dataset.unit;
  const read = (field) => { const text = field.value.normalize("NFKC").trim(); return text && Number.isFinite(Number(text)) ? Number(text) : null; };
  const show = () => {
    const from = read(now), to = read(goal), ready = from !== null && to !== null && from >= 0 && to >= 0 && Math.max(from, to) > 0;
    picture.hidden = !ready;
    button.textContent = ready ? form.dataset.say.replace("{from}", from + unit).replace("{to}", to + unit) : plain;
    if (!ready) return;
    const most = Math.max(from, to), less = Math.round((from - to) * 10) / 10;
    picture.querySelector(".is-now").setAttribute("width", (100 * from) / most);
    picture.querySelector(".is-goal").setAttribute("width", (100 * to) / most);
    picture.querySelector("[data-now]").textContent = from + unit;
    picture.querySelector("[data-goal-value]").textContent = to + unit;
    picture.querySelector("[data-difference]").textContent = less === 0 ? "" : (less > 0 ? form.dataset.less : form.dataset.more).replace("{n}", Math.abs(less) + unit);
  };
  for (const field of [now, goal]) field.addEventListener("input", show);
  show();
}
