/**
 * Starts Next.js' standalone server beside this file, with some things added: settings are checked first, its keys are
 * made anew, its plain start-up lines become JSON log lines, every request passes inbound.cjs, static files come from
 * assets.cjs, and SIGTERM is answered in the order that loses no request: /ready says 503, requests are still served for SHUTDOWN_DRAIN_SECONDS, then the
 * port closes and open requests end.
 */
require("./headers-compat.cjs");
const http = require("node:http");
const path = require("node:path");
const { format, stripVTControlCharacters } = require("node:util");
const { assets } = require("./assets.cjs");
const { problems } = require("./check-settings.cjs");
const { inbound } = require("./inbound.cjs");
const { provideKeys } = require("./keys.cjs");

const service = process.env.SERVICE_NAME || "frontend";

const LEVELS = { debug: 10, info: 20, warn: 30, warning: 30, error: 40 };
const threshold = LEVELS[(process.env.LOG_LEVEL ?? "").trim().toLowerCase()] ?? LEVELS.info;

function write(severity, message, fields = {}) {
  const text = stripVTControlCharacters(message).trim();
  if (!text || LEVELS[severity] < threshold) return;
  const line = { time: new Date().toISOString(), severity, service, message: text, ...fields };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const wrong = problems(process.env);
if (wrong.length > 0) {
  write("error", `not started: ${wrong.join("; ")}`);
  process.exit(1);
}

for (const [method, severity] of [
  ["log", "info"],
  ["info", "info"],
  ["warn", "warning"],
  ["error", "error"],
]) {
  console[method] = (...values) => write(severity, format(...values));
}
process.on("uncaughtExceptionMonitor", (error) => write("error", `uncaught: ${error.stack ?? error}`));

/** Seconds from the environment, or the default where that is not a number of seconds. */
function seconds(name, fallback) {
  const value = Number.parseFloat(process.env[name] ?? "");
  return Number.isFinite(value) && value >= 0 ? value : fallback;
}

let stopping = false;
const servers = [];
const admit = inbound(write);
const staticFile = assets(path.join(__dirname, ".next/static"));
const listen = http.Server.prototype.listen;
http.Server.prototype.listen = function (...args) {
  servers.push(this);
  const nextJs = this.rawListeners("request");
  this.removeAllListeners("request");
  this.on("request", (request, response) => {
    admit(request, response);
    // A kept connection is given up in an answer, where the client cannot be sending at that moment.
    if (stopping) response.setHeader("Connection", "close");
    staticFile(request, response, () => {
      for (const listener of nextJs) listener.call(this, request, response);
    });
  });
  return listen.apply(this, args);
};

function stop(signal) {
  if (stopping) return;
  stopping = true;
  const drain = seconds("SHUTDOWN_DRAIN_SECONDS", 3);
  const grace = seconds("SHUTDOWN_GRACE_SECONDS", 10);
  globalThis[Symbol.for("todo.draining")] = true;
  write("info", `${signal}: not ready from now on, still serving for ${drain} s`);
  setTimeout(() => {
    const end = (how) => {
      write("info", `stopped, ${how}`);
      process.exit(0);
    };
    let open = servers.length;
    if (open === 0) end("nothing was listening");
    for (const server of servers) {
      server.close(() => {
        open -= 1;
        if (open === 0) end("every request was answered");
      });
      // Node 18 leaves idle kept connections open on close(): ask again until they are gone.
      setInterval(() => server.closeIdleConnections(), 100).unref();
    }
    setTimeout(() => end(`open connections were cut after ${grace} s`), grace * 1000).unref();
  }, drain * 1000);
}

provideKeys(__dirname);
process.env.NEXT_MANUAL_SIG_HANDLE = "true";
process.on("SIGTERM", () => stop("SIGTERM"));
process.on("SIGINT", () => stop("SIGINT"));

require(path.join(__dirname, "server.js"));
