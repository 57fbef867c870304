/** Liveness and readiness. */
import { randomUUID } from "node:crypto";
import { errorResponse } from "./errors";
import type { Upstream } from "./routes";
import { settings } from "./settings";
import { send, UpstreamError } from "./upstream";

/** Well below the time that a probe waits: a backend that hangs must not make this page look dead. */
const CHECK_TIMEOUT_MS = 1_000;

/** Set by runtime/main.cjs once SIGTERM has come. */
const DRAINING = Symbol.for("todo.draining");

export function isDraining(): boolean {
  return (globalThis as Record<symbol, unknown>)[DRAINING] === true;
}

/** Alive: this process answers. */
export function health(): Response {
  return Response.json({ status: "ok" }, { headers: { "cache-control": "no-store" } });
}

async function check(upstream: Upstream): Promise<string | null> {
  try {
    const answer = await send({
      method: "GET",
      url: new URL("/health", upstream.url),
      headers: { accept: "application/json" },
      body: null,
      timeoutMs: CHECK_TIMEOUT_MS,
    });
    answer.resume();
    return answer.statusCode === 200 ? null : `its /health answered ${answer.statusCode}`;
  } catch (error) {
    if (error instanceof UpstreamError && error.reason === "timeout") return `no answer within ${CHECK_TIMEOUT_MS} ms`;
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Ready: this process serves its page. What it says of the backends is for the reader and changes nothing: without them
 * the page still says so and keeps what is typed, and all replicas would be unready together, which helps nobody.
 */
export async function ready(names: Upstream["name"][]): Promise<Response> {
  if (isDraining()) {
    const reason = "shutting down";
    return errorResponse(503, "not_ready", reason, randomUUID(), { status: "unready", reason });
  }
  const conf = settings();
  const urls = { "todo-backend": conf.todoApiUrl, "chatbot-backend": conf.chatbotApiUrl };
  const checks = await Promise.all(names.map(async (name) => [name, (await check({ name, url: urls[name] })) ?? "ok"]));
  return Response.json(
    { status: "ready", checks: Object.fromEntries(checks) },
    { headers: { "cache-control": "no-store" } },
  );
}
