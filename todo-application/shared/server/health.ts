/** Liveness and readiness. */
import { randomUUID } from "node:crypto";
import { errorResponse } from "./errors";
import type { Upstream } from "./routes";
import { settings } from "./settings";
import { send, UpstreamError } from "./upstream";

const CHECK_TIMEOUT_MS = 2_000;

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

/** Ready: every named backend answers its /health within two seconds, and this process is not shutting down. */
export async function ready(names: Upstream["name"][]): Promise<Response> {
  const conf = settings();
  const urls = { "todo-backend": conf.todoApiUrl, "chatbot-backend": conf.chatbotApiUrl };
  if (isDraining()) return notReady("shutting down", {});
  const results = await Promise.all(names.map(async (name) => [name, await check({ name, url: urls[name] })] as const));
  const checks = Object.fromEntries(results.map(([name, failure]) => [name, failure ?? "ok"]));
  const failed = results.filter(([, failure]) => failure !== null);
  if (failed.length === 0) {
    return Response.json({ status: "ready", checks }, { headers: { "cache-control": "no-store" } });
  }
  return notReady(failed.map(([name, failure]) => `${name} at ${urls[name]}: ${failure}`).join("; "), checks);
}

function notReady(reason: string, checks: Record<string, string>): Response {
  return errorResponse(503, "not_ready", reason, randomUUID(), { status: "unready", reason, checks });
}
