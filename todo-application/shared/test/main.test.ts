/** The start file as a process of its own, around a small server in place of Next.js'. */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const { problems } = createRequire(import.meta.url)("../runtime/check-settings.cjs");
const RUNTIME = path.join(path.dirname(fileURLToPath(import.meta.url)), "../runtime");
const SERVER = `
const http = require("node:http");
const server = http.createServer((request, response) => {
  if (request.url === "/ready") return response.writeHead(globalThis[Symbol.for("todo.draining")] ? 503 : 200).end();
  if (request.url === "/slow") return process.once("message", () => response.end("slow"));
  if (request.url === "/nothing") response.statusCode = 404;
  if (request.url === "/page") response.setHeader("Content-Security-Policy", "the page's own");
  response.end(JSON.stringify(request.headers));
});
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
`;

let folder: string;
let child: ChildProcess | undefined;
let lines: Record<string, unknown>[];
let ended: Promise<number | null> | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "todo-main-"));
  for (const name of ["main", "assets", "check-settings", "headers-compat", "inbound", "keys"]) {
    copyFileSync(path.join(RUNTIME, `${name}.cjs`), path.join(folder, `${name}.cjs`));
  }
  symlinkSync(path.join(RUNTIME, "../../../node_modules"), path.join(folder, "node_modules"));
  mkdirSync(path.join(folder, ".next/static"), { recursive: true });
  writeFileSync(path.join(folder, ".next/prerender-manifest.keyless.json"), "{}");
  writeFileSync(path.join(folder, "server.js"), SERVER);
});

afterEach(async () => {
  child?.kill("SIGKILL");
  await ended;
  child = undefined;
  rmSync(folder, { recursive: true });
});

function run(env: Record<string, string> = {}): ChildProcess {
  lines = [];
  const started = spawn(process.execPath, ["main.cjs"], {
    cwd: folder,
    env: { NODE_ENV: "production", SERVICE_NAME: "page", SHUTDOWN_DRAIN_SECONDS: "0.2", ...env },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  let text = "";
  started.stdout?.on("data", (chunk) => {
    text += chunk;
    const whole = text.split("\n");
    text = whole.pop() ?? "";
    lines.push(...whole.map((line) => JSON.parse(line)));
  });
  ended = new Promise((resolve) => started.once("close", resolve));
  child = started;
  return started;
}

/** Start, and give the port. */
async function listening(env?: Record<string, string>): Promise<number> {
  const started = run(env);
  return new Promise((resolve) => started.once("message", (port) => resolve(port as number)));
}

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

function get(port: number, url: string, headers: Record<string, string> = {}, agent?: http.Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path: url, headers, agent }, async (response) => {
      let body = "";
      for await (const chunk of response) body += chunk;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
    });
    request.on("error", reject);
  });
}

/** The first log line with this text, now or later. */
async function line(text: string): Promise<Record<string, unknown>> {
  for (;;) {
    const found = lines.find((one) => JSON.stringify(one).includes(text));
    if (found) return found;
    await new Promise((resolve) => child?.stdout?.once("data", () => setImmediate(resolve)));
  }
}

describe("SIGTERM", () => {
  it("makes it unready, lets every request end, and only then ends it", async () => {
    const port = await listening();
    const kept = new http.Agent({ keepAlive: true });
    await get(port, "/", {}, kept);
    const slow = get(port, "/slow");
    // A request that was answered after it shows that the slow one is under way.
    expect((await get(port, "/ready")).status).toBe(200);
    child?.kill("SIGTERM");
    await line("not ready from now on");
    expect((await get(port, "/ready")).status).toBe(503);
    const meanwhile = await get(port, "/", {}, kept);
    expect([meanwhile.status, meanwhile.headers.connection]).toEqual([200, "close"]);
    // The port closes while the slow request is still open.
    const refused = async (): Promise<boolean> => get(port, "/").then(refused, () => true);
    expect(await refused()).toBe(true);
    child?.send("answer now");
    expect((await slow).body).toBe("slow");
    expect(await ended).toBe(0);
    expect(lines.at(-1)?.message).toBe("stopped, every request was answered");
  });

  it("cuts off what takes longer than the grace period", async () => {
    const port = await listening({ SHUTDOWN_DRAIN_SECONDS: "0", SHUTDOWN_GRACE_SECONDS: "0.2" });
    const slow = get(port, "/slow").catch((error) => error.code);
    expect((await get(port, "/ready")).status).toBe(200);
    child?.kill("SIGTERM");
    expect(await slow).toBe("ECONNRESET");
    expect(await ended).toBe(0);
    expect(lines.at(-1)?.message).toContain("cut after 0.2 s");
  });
});

describe("every request", () => {
  it("has the address that it came from, whatever it says itself", async () => {
    const port = await listening();
    const claims = { "x-forwarded-for": "203.0.113.7", forwarded: "for=203.0.113.7", "x-real-ip": "203.0.113.7" };
    const seen = JSON.parse((await get(port, "/api/tasks", claims)).body);
    expect(seen["x-forwarded-for"]).toBe("127.0.0.1");
    expect(seen).not.toHaveProperty("forwarded");
    expect(seen).not.toHaveProperty("x-real-ip");
  });

  it("has an id, in the answer and in the log line, which knows no query", async () => {
    const port = await listening();
    expect((await get(port, "/page?q=secret-word", { "x-request-id": "req-1" })).headers["x-request-id"]).toBe("req-1");
    expect(await line("req-1")).toMatchObject({
      severity: "info",
      service: "page",
      message: "request",
      method: "GET",
      path: "/page",
      status: 200,
    });
    const made = (await get(port, "/nothing", { "x-request-id": "a b" })).headers["x-request-id"];
    expect(made).toMatch(/^[0-9a-f-]{36}$/);
    expect(await line(String(made))).toMatchObject({ path: "/nothing", status: 404 });
    expect(JSON.stringify(lines)).not.toContain("secret");
  });

  it("is logged once: not what the proxy logs, and files and probes only when debugging", async () => {
    const port = await listening();
    for (const url of ["/api/tasks", "/ready", "/_next/a.js", "/last"]) await get(port, url);
    await line("/last");
    expect(lines.map((one) => one.path)).toEqual(["/last"]);
  });

  it("is answered with a policy that allows nothing, unless a page has its own", async () => {
    const port = await listening();
    expect((await get(port, "/nothing")).headers["content-security-policy"]).toMatch(
      /^default-src 'none'; .*ancestors/,
    );
    expect((await get(port, "/page")).headers["content-security-policy"]).toBe("the page's own");
  });
});

describe("settings", () => {
  it("that cannot be used keep it from starting, with one line", async () => {
    run({ TODO_API_URL: "todo-backend:8000", SHUTDOWN_DRAIN_SECONDS: "soon" });
    expect(await ended).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ severity: "error", service: "page" });
    expect(lines[0]?.message).toBe(
      'not started: TODO_API_URL is "todo-backend:8000": needed is an address such as http://todo-backend:8000; ' +
        'SHUTDOWN_DRAIN_SECONDS is "soon": needed is a number of seconds, 0 or more',
    );
  });

  it.each([
    ["TODO_API_URL", "http://todo-backend:8000", ""],
    ["TODO_API_URL", " ", ""],
    ["TODO_API_URL", "http://", "needed is an address"],
    ["CHATBOT_API_URL", "ftp://chatbot", "needed is an address"],
    ["CHATBOT_API_URL", "http://chatbot:8001/api", "without a path"],
    ["TODO_PUBLIC_URL", "https://todo.example/here", ""],
    ["CHATBOT_PUBLIC_URL", "localhost:30001", "needed is an address"],
    ["LOG_LEVEL", "WARNING", ""],
    ["LOG_LEVEL", "loud", "one of debug, info"],
    ["PORT", "3000", ""],
    ["PORT", "65536", "needed is a port"],
    ["CHATKIT_DOMAIN_KEY", "domain_pk_1a-2.b", ""],
    ["CHATKIT_DOMAIN_KEY", "two words", "needed is the key"],
  ])("%s=%s: %s", (name, value, expected) => {
    const found = problems({ [name]: value });
    expect(found).toHaveLength(expected ? 1 : 0);
    if (expected) expect(found[0]).toMatch(new RegExp(`^${name} is .*${expected}`));
  });

  it("does not repeat a password", () => {
    expect(problems({ TODO_API_URL: "http://me:secret@todo:8000" })).toEqual([
      "TODO_API_URL is not usable: it must not have a user or a password",
    ]);
  });
});
