/**
 * What is done with every request before Next.js sees it: it gets its id, the address that it came from, and an answer
 * with safe defaults; and requests that the proxy does not log are logged.
 */
const { randomUUID } = require("node:crypto");

/** Where somebody may claim to be somebody else; replaced by what the connection says. */
const CLAIMS = ["forwarded", "x-real-ip", "x-client-ip", "x-forwarded-host"];
/** Answered by a backend, and logged by server/proxy.ts. */
const PROXIED = /^\/(api|chatkit|mcp)(\/|$)/;
/** Asked so often that they are only logged when they fail. */
const QUIET = /^\/(health$|ready$|_next\/|icon\.svg$)/;
/** For whatever is no page: a page brings a policy of its own (server/csp.ts). */
const NOTHING_ALLOWED = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Give the address of the other end as a person writes it. */
function addressOf(socket) {
  return (socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
}

/** `log` takes severity, message and fields. */
exports.inbound = function inbound(log) {
  // Says to server/headers.ts that X-Forwarded-For is true.
  globalThis[Symbol.for("todo.inbound")] = true;
  return function onRequest(request, response) {
    const begun = performance.now();
    const { headers } = request;
    const path = (request.url ?? "").split("?", 1)[0];
    const given = headers["x-request-id"];
    const id = /^[A-Za-z0-9._:-]{1,128}$/.test(given ?? "") ? given : randomUUID();
    for (const name of CLAIMS) delete headers[name];
    headers["x-forwarded-for"] = addressOf(request.socket);
    headers["x-request-id"] = id;
    response.setHeader("X-Request-ID", id);
    response.setHeader("Content-Security-Policy", NOTHING_ALLOWED);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.setHeader("X-Frame-Options", "DENY");
    if (PROXIED.test(path)) return;
    response.once("close", () => {
      const status = response.writableFinished ? response.statusCode : 499;
      const severity = status >= 500 ? "error" : QUIET.test(path) && status < 400 ? "debug" : "info";
      log(severity, "request", {
        request_id: id,
        method: request.method,
        path: path.slice(0, 200),
        status,
        duration_ms: Math.round((performance.now() - begun) * 10) / 10,
      });
    });
  };
};
