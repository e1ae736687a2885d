// Plays a scene at the press of a button and shows what was sent, what came back, and why.

for (const section of document.querySelectorAll("[data-service]")) {
  for (const button of section.querySelectorAll("[data-try]")) {
    button.addEventListener("click", () => play(section, button));
  }
}

async function play(section, button) {
  const result = section.querySelector("[data-result]");
  const buttons = section.querySelectorAll("[data-try]");
  buttons.forEach((one) => { one.disabled = true; });
  delete result.dataset.status;
  result.replaceChildren(element("p", "Sending …"));
  try {
    const path = `/try/${section.dataset.service}/${button.dataset.try}`;
    const response = await fetch(path, { method: "POST" });
    const scene = await response.json();
    if (!response.ok) throw new Error(scene.error);
    result.replaceChildren(...render(scene));
    result.dataset.status = scene.status;
  } catch (error) {
    result.replaceChildren(element("p", `That did not work: ${error.message}`, "verdict refused"));
    result.dataset.status = "error";
  } finally {
    buttons.forEach((one) => { one.disabled = false; });
  }
}

function render(scene) {
  const refused = scene.status === 403;
  const parts = [
    element("p", refused ? `Refused (${scene.status})` : `Passed (${scene.status})`,
      `verdict ${refused ? "refused" : "passed"}`),
  ];
  if (scene.reason) {
    const why = element("p", "Why: ");
    why.append(element("code", scene.reason), `. To change it: ${scene.remedy}.`);
    parts.push(why);
  }
  const rows = scene.findings.map((finding) => {
    const row = element("tr", null, finding.outcome);
    row.append(
      element("td", { passes: "✓", fails: "✗", neutral: "·" }[finding.outcome]),
      element("td", finding.seen),
      element("td", finding.against),
    );
    return row;
  });
  const table = element("table");
  table.append(...rows);
  parts.push(table);
  for (const exchange of scene.exchanges) {
    const details = element("details");
    details.open = exchange === scene.exchanges.at(-1);
    details.append(
      element("summary", exchange.title),
      element("pre", exchange.request),
      element("pre", exchange.response, "response"),
    );
    parts.push(details);
  }
  return parts;
}

function element(name, text = null, className = "") {
  const made = document.createElement(name);
  if (text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}
