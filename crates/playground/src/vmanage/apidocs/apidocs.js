"use strict";

// Puts the session's token on every "Try it out" call. It is asked for anew each time: the session may have
// ended and begun again in another tab, and its token with it.
async function withToken(request) {
  const target = new URL(request.url, window.location.href);
  // A token sent to another origin is a token given away.
  if (target.origin !== window.location.origin) {
    return request;
  }
  // The page's own description and the token itself need none.
  if (!target.pathname.startsWith("/dataservice/") && target.pathname !== "/logout") {
    return request;
  }
  const answer = await fetch("/dataservice/client/token?json=true", { credentials: "same-origin" });
  if (!(answer.headers.get("Content-Type") ?? "").startsWith("application/json")) {
    // Without a session the service answers with its login page.
    window.location.reload();
    throw new Error("the session has ended; log in again");
  }
  request.headers["X-XSRF-TOKEN"] = (await answer.json()).token;
  return request;
}

window.addEventListener("load", () => {
  window.ui = SwaggerUIBundle({
    url: "/apidocs/openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    requestInterceptor: withToken,
    tryItOutEnabled: true,
    // Its default is a service on the internet.
    validatorUrl: null,
  });
});
