"use strict";

// The agent's desktop: plain fetch for the API, and a small Bayeux client for the events.

const API = "/api/v2";
const byId = (id) => document.getElementById(id);

// What the last GET said: which header to send, and the token to send in it.
const csrf = { header: null, token: null };

function log(direction, title, details) {
  const entry = document.createElement("pre");
  const lines = [`${direction} ${title}`, ...details.filter(Boolean)];
  entry.textContent = lines.join("\n");
  byId("log").prepend(entry);
}

function showState() {
  const token = csrf.token ? `${csrf.header}: ${csrf.token}` : "No token yet";
  byId("state").textContent = `${token}. CometD is ${comet.isRunning() ? "running" : "stopped"}.`;
}

async function call(method, path, { json, basic, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (basic) {
    const bytes = new TextEncoder().encode(`${byId("userName").value}:${byId("password").value}`);
    headers.Authorization = `Basic ${btoa(String.fromCharCode(...bytes))}`;
  }
  if (json !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (method !== "GET" && csrf.token && byId("sendToken").checked) {
    headers[csrf.header] = csrf.token;
  }
  const body = json === undefined ? undefined : JSON.stringify(json);
  const shown = Object.entries(headers).filter(([name]) => name !== "Accept" && name !== "Authorization");
  log("sent", `${method} ${path}`, [
    basic && "Authorization: Basic ...",
    ...shown.map(([name, value]) => `${name}: ${value}`),
    body,
  ]);

  const response = await fetch(path, { method, headers, body, signal, credentials: "same-origin" });
  const header = response.headers.get("X-CSRF-HEADER");
  const token = header && response.headers.get(header);
  if (token) {
    csrf.header = header;
    csrf.token = token;
  }
  const text = await response.text();
  log("received", `${response.status} for ${method} ${path}`, [token && `${header}: ${token}`, text]);
  showState();
  if (!response.ok) {
    throw new Error(`${method} ${path} was answered with ${response.status}`);
  }
  return JSON.parse(text);
}

// Bayeux by long polling: one request is always open, and events come with its answer.
const comet = {
  base: `${API}/notifications`,
  clientId: null,
  polling: null,
  nextId: 1,

  isRunning() {
    return this.clientId !== null;
  },

  async send(path, message, signal) {
    const id = String(this.nextId);
    this.nextId += 1;
    const sent = { id, ...message };
    if (this.clientId) {
      sent.clientId = this.clientId;
    }
    const answers = await call("POST", this.base + path, { json: [sent], signal });
    for (const answer of answers.filter((one) => one.id === undefined)) {
      log("event", answer.channel, [JSON.stringify(answer.data, null, 2)]);
    }
    const reply = answers.find((one) => one.id === id);
    if (!reply || !reply.successful) {
      throw Object.assign(new Error(reply ? reply.error : "no answer to this message"), { reply });
    }
    return reply;
  },

  async start() {
    if (this.isRunning()) {
      return;
    }
    const reply = await this.send("/handshake", {
      channel: "/meta/handshake",
      version: "1.0",
      supportedConnectionTypes: ["long-polling"],
    });
    this.clientId = reply.clientId;
    showState();
    await this.send("/", { channel: "/meta/subscribe", subscription: "/v2/me/*" });
    this.poll();
  },

  async poll() {
    this.polling = new AbortController();
    const { signal } = this.polling;
    let advice = { timeout: 0 };
    try {
      while (this.isRunning()) {
        const message = { channel: "/meta/connect", connectionType: "long-polling", advice };
        const reply = await this.send("/connect", message, signal);
        advice = undefined;
        if (reply.advice && reply.advice.reconnect !== "retry") {
          break;
        }
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        report(error);
      }
    }
    this.clientId = null;
    showState();
  },

  async stop() {
    if (!this.isRunning()) {
      return;
    }
    try {
      await this.send("/disconnect", { channel: "/meta/disconnect" });
    } finally {
      this.polling?.abort();
      this.clientId = null;
      showState();
    }
  },
};

function report(error) {
  log("failed", error.message, []);
  showState();
}

function operation(operationName, more) {
  return call("POST", `${API}/me`, { json: { operationName, ...more } });
}

const actions = {
  getMeButton: () => call("GET", `${API}/me`, { basic: true }),
  startCometdButton: () => comet.start(),
  startSessionButton: () => operation("StartContactCenterSession", { channels: ["voice"] }),
  readyButton: () => operation("Ready"),
  stopCometdButton: () => comet.stop(),
  endSessionButton: () => operation("EndContactCenterSession"),
};

for (const [id, action] of Object.entries(actions)) {
  byId(id).addEventListener("click", () => action().catch(report));
}
