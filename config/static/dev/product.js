// The sample product: each button is one call in the shape of Segment's browser SDK.
const root = document.getElementById("product");
const words = document.getElementById("words").dataset;
const said = document.getElementById("said");
const colleagues = JSON.parse(document.getElementById("colleagues").textContent);

async function send(batch) {
  const answer = await fetch("/v1/batch", {
    method: "POST",
    headers: { Authorization: `Basic ${root.dataset.key}`, "Content-Type": "text/plain" },
    body: JSON.stringify({ batch }),
  });
  const body = await answer.json();
  if (body.error) throw new Error(body.error.message);
  if (body.rejected && body.rejected.length) throw new Error(body.rejected[0].message);
}

function say(text, failed) {
  said.textContent = text;
  said.classList.toggle("j-notice--danger", Boolean(failed));
  said.hidden = false;
}

const context = { groupId: root.dataset.group };
const stamp = () => ({ messageId: crypto.randomUUID(), context });

function callsOf(button) {
  if (button.dataset.call === "invite") {
    return colleagues.map((c) => ({ ...stamp(), type: "identify", userId: c.userId, traits: c.traits }));
  }
  const properties = JSON.parse(button.dataset.properties);
  return [{ ...stamp(), type: "track", userId: root.dataset.user, event: button.dataset.event, properties }];
}

root.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-call]");
  if (!button) return;
  button.setAttribute("aria-busy", "true");
  try {
    await send(callsOf(button));
    say(words.sent + button.textContent.trim());
    if (button.dataset.event === "deliverable.changed") location.reload();
  } catch (error) {
    say(error instanceof TypeError ? words.offline : words.failed + error.message, true);
  } finally {
    button.removeAttribute("aria-busy");
  }
});
