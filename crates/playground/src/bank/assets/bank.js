// Keeps the balance up to date, and sends what forms cannot: JSON, DELETE, messages.

const balance = document.querySelector("[data-balance]");
const live = document.querySelector("[data-live]");
const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });
let socket = null;

if (balance) {
  connect();
  for (const button of document.querySelectorAll("[data-take-back]")) {
    button.hidden = false;
    button.addEventListener("click", () => takeBack(button));
  }
  const quick = document.querySelector("[data-quick]");
  quick.addEventListener("submit", (event) => {
    event.preventDefault();
    const fields = new FormData(quick);
    const transfer = { to: fields.get("to"), cents: Number(fields.get("cents")), note: "quick" };
    (event.submitter?.value === "socket" ? sendBySocket : sendByFetch)(transfer);
  });
}

function connect() {
  const url = new URL("/live", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url);
  let opened = false;
  socket.addEventListener("open", () => {
    opened = true;
    live.textContent = "Live, over a WebSocket.";
  });
  socket.addEventListener("message", (message) => hear(JSON.parse(message.data)));
  socket.addEventListener("close", () => {
    socket = null;
    live.textContent = "Not live any more: reload the page.";
    if (!opened) listen();
  });
}

// Where something in between does not let WebSockets through.
function listen() {
  const events = new EventSource("/events");
  events.addEventListener("open", () => { live.textContent = "Live, over server-sent events."; });
  events.addEventListener("balance", (event) => hear(JSON.parse(event.data)));
}

function hear(news) {
  if (news.balance !== undefined) balance.textContent = euros.format(news.balance / 100);
  if (news.done) tell(`Sent ${euros.format(news.done.cents / 100)} to ${news.done.to}.`);
  if (news.error) tell(`Nothing was sent: ${news.error}.`);
}

async function sendByFetch(transfer) {
  const answer = await ask("/api/transfers", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(transfer),
  });
  hear(answer.ok ? { done: answer.body } : { error: answer.body.error });
}

function sendBySocket(transfer) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ transfer }));
  else tell("Nothing was sent: the WebSocket is not open.");
}

async function takeBack(button) {
  button.disabled = true;
  const answer = await ask(`/api/transfers/${button.dataset.takeBack}`, { method: "DELETE" });
  if (answer.ok) {
    button.closest("li").remove();
  } else {
    button.disabled = false;
    tell(`It was not taken back: ${answer.body.error}.`);
  }
}

// A refusal by something in front of the bank need not look like the bank's own errors.
async function ask(path, options) {
  try {
    const response = await fetch(path, options);
    const text = await response.text();
    let body = null;
    try {
      body = JSON.parse(text);
    } catch {
      // No JSON: an empty answer, or one from in between.
    }
    const error = body?.error ?? `the answer was ${response.status} ${response.statusText}`;
    if (!response.ok) return { ok: false, body: { error } };
    return { ok: response.ok, body };
  } catch (error) {
    return { ok: false, body: { error: error.message } };
  }
}

function tell(text) {
  const place = document.querySelector("[data-quick] [role=status]");
  place.textContent = text;
  place.hidden = false;
}
