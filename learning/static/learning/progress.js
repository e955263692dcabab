// Tells the server how much of this page was read: attention, not an open tab.
// It sends the whole state of this opening, never a difference, so a repeat changes nothing.
const view = document.getElementById("j-view");
const box = document.getElementById("j-left");
const IDLE_AFTER = 60_000, FLUSH_EVERY = 15_000, TICK = 1_000, KEPT_FOR = 7 * 24 * 3_600_000;
const STORE = "junro.view.";
const HEADERS = { "Content-Type": "text/plain", "Accept-Language": document.documentElement.lang };

const state = { active_ms: 0, open_ms: 0, blocks: new Set() };
let before = performance.now(), touched = before, flushed = before, sent = "", done = false;

function attentive(now) {
  return document.visibilityState === "visible" && document.hasFocus() && now - touched < IDLE_AFTER;
}

function beat() {
  const now = performance.now(), passed = Math.min(now - before, 5 * TICK); // a sleeping laptop is not reading
  before = now;
  state.open_ms += passed;
  if (attentive(now)) state.active_ms += passed;
  show();
  if (now - flushed >= FLUSH_EVERY || (!done && looksRead())) flush();
}

function payload() {
  return JSON.stringify({
    ticket: view.dataset.ticket, active_ms: Math.round(state.active_ms),
    open_ms: Math.round(state.open_ms), blocks: [...state.blocks],
  });
}

// Kept until the server has it: a crash, a lost network or a closed laptop loses nothing.
function keep(body) { try { localStorage.setItem(STORE + key(), JSON.stringify({ at: Date.now(), body })); } catch { /* no room: the next flush sends more */ } }
function forget(name) { try { localStorage.removeItem(name); } catch { /* nothing to forget */ } }
function key() { return view.dataset.ticket.slice(-24); }

// An open tab nobody looks at has nothing new to say.
function news() { return state.active_ms < TICK ? "" : `${Math.round(state.active_ms)}/${state.blocks.size}`; }

async function flush() {
  const body = payload(), what = news();
  flushed = performance.now();
  if (!what || what === sent) return;
  keep(body);
  sent = what;
  try {
    const answer = await fetch(view.dataset.to, { method: "POST", body, keepalive: true, headers: HEADERS });
    if (answer.ok) { forget(STORE + key()); hear(await answer.json()); }
    else if (answer.status === 403) forget(STORE + key());
  } catch { sent = ""; }
}

// While a page closes only a beacon is sure to leave.
function leave() {
  const body = payload(), what = news();
  if (!what || what === sent) return;
  keep(body);
  if (navigator.sendBeacon(view.dataset.to, new Blob([body], { type: "text/plain" }))) sent = what;
}

async function replay() {
  for (const name of Object.keys(localStorage).filter((n) => n.startsWith(STORE) && n !== STORE + key())) {
    try {
      const { at, body } = JSON.parse(localStorage.getItem(name));
      if (Date.now() - at > KEPT_FOR) { forget(name); continue; }
      const answer = await fetch(view.dataset.to, { method: "POST", body, keepalive: true, headers: HEADERS });
      if (answer.ok || answer.status === 403 || answer.status === 400) forget(name);
    } catch { return; }
  }
}

// --- what the reader sees of it -----------------------------------------------------------------
const had = box ? { ms: Number(box.dataset.activeMs), blocks: new Set((box.dataset.blocks || "").split(" ").filter(Boolean)) } : null;
const all = box ? [...document.querySelectorAll("[data-block]")].map((one) => one.dataset.block) : [];

function left() {
  const needed = Number(box.dataset.neededMs);
  const given = Math.min(needed, had.ms + state.active_ms);
  const read = all.filter((id) => had.blocks.has(id) || state.blocks.has(id)).length;
  const share = (given / needed + (all.length ? read / all.length : 1)) / 2;
  return { seconds: Math.ceil((needed - given) / 1000), blocks: all.length - read, percent: Math.floor(share * 100) };
}

function looksRead() { return box && box.dataset.byReading === "true" && left().percent === 100; }

function show() {
  if (!box || done) return;
  const { seconds, blocks, percent } = left();
  const words = [];
  if (seconds) words.push(box.dataset.saySeconds.replace("{n}", seconds));
  if (blocks) words.push(box.dataset.sayBlocks.replace("{n}", blocks));
  box.querySelector("[data-left]").textContent = words.join(box.dataset.sayAnd) || box.dataset.sayNow;
  draw(percent);
}

function draw(percent) {
  box.querySelector("[data-percent]").textContent = percent + "%";
  const bar = box.querySelector("[role=progressbar]");
  bar.setAttribute("aria-valuenow", percent);
  bar.querySelector("rect[data-bar]").setAttribute("width", percent);
}

function hear(answer) {
  if (!box || answer.state !== "completed" || done) return;
  done = true;
  draw(100);
  box.classList.add("is-done");
  box.querySelector("[data-undone]").hidden = true;
  const told = box.querySelector("[data-done]");
  told.hidden = false;
  told.querySelector("[data-when]").textContent = answer.completed;
  tick();
}

// The course beside the lesson: this station is passed, the count goes up by one.
function tick() {
  const here = document.querySelector("[data-lesson-here]");
  if (!here || here.classList.contains("is-done")) return;
  here.classList.replace("is-here", "is-done");
  here.querySelector(".j-stn").innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-check"/></svg>';
  here.querySelector("[data-said]").hidden = false;
  const line = document.getElementById("j-course-line");
  const passed = Number(line.dataset.done) + 1, total = Number(line.dataset.total);
  line.querySelector("[data-count]").textContent = `${passed}／${total}`;
  const bar = line.querySelector("[role=progressbar]");
  bar.setAttribute("aria-valuenow", Math.floor((100 * passed) / total));
  bar.querySelector("rect[data-bar]").setAttribute("width", (100 * passed) / total);
}

if (view) {
  // A block is seen when its end has been on the screen of somebody who was there.
  const onScreen = new Set();
  const look = () => { if (attentive(performance.now())) for (const block of onScreen) state.blocks.add(block.dataset.block); };
  const eyes = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) if (isIntersecting) onScreen.add(target.parentElement); else onScreen.delete(target.parentElement);
    look();
  }, { threshold: 0 });
  for (const block of document.querySelectorAll("[data-block]")) {
    const end = block.appendChild(document.createElement("i"));
    end.className = "j-blockend";
    end.setAttribute("aria-hidden", "true");
    eyes.observe(end);
  }
  setInterval(() => {
    look();
    beat();
  }, TICK);
  for (const kind of ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"]) addEventListener(kind, () => { touched = performance.now(); }, { passive: true });
  document.addEventListener("visibilitychange", () => { beat(); if (document.visibilityState === "hidden") leave(); else touched = performance.now(); });
  addEventListener("pagehide", leave);
  addEventListener("online", flush);
  if (box && box.classList.contains("is-done")) done = true;
  replay();
}
