"use strict";

// The service answers a login with an empty page, and a failed one with the login page. Programs are content
// with that; a person wants to go on.
document.getElementById("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (answer.ok && (await answer.text()) === "") {
    window.location.assign("/apidocs");
    return;
  }
  let message = form.querySelector("[role=alert]");
  if (message === null) {
    message = document.createElement("p");
    message.setAttribute("role", "alert");
    form.prepend(message);
  }
  message.textContent = answer.ok
    ? "The user name or the password is wrong."
    : `The service refused the login with status ${answer.status}.`;
});
