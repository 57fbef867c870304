/** The same-origin proxy: /api, /chatkit and /mcp of this frontend are answered by the backends. */
import { bodyOfAnswer } from "./body";
import { errorResponse } from "./errors";
import { downstreamHeaders, ownLocation, requestIdOf, upstreamHeaders } from "./headers";
import { log } from "./log";
import { upstreamFor } from "./routes";
import { settings } from "./settings";
import { sendWithRetry, UpstreamError } from "./upstream";

/** Bodies up to this size are kept, so that a request can be repeated when the backend was just restarting. */
const REPLAYABLE_BYTES = 64 * 1024;
/**
 * A language model may think for long; everything else answers in milliseconds. The browser waits longer
 * (client/api.ts, chatbot/frontend/lib/chat.ts), so that the reader is told what happened. A body may not pause longer
 * either.
 */
const ANSWER_TIMEOUT_MS = { "todo-backend": 20_000, "chatbot-backend": 120_000 } as const;

async function bodyOf(request: Request): Promise<Buffer | ReadableStream<Uint8Array> | null> {
  if (!request.body || request.method === "GET" || request.method === "HEAD") return null;
  const length = Number(request.headers.get("content-length") ?? "NaN");
  if (length <= REPLAYABLE_BYTES) return Buffer.from(await request.arrayBuffer());
  return request.body;
}

const FAILURES = {
  unreachable: [503, "backend_unavailable", "is not reachable at the moment; try again shortly"],
  broken: [502, "bad_gateway", "closed the connection without an answer; try again shortly"],
  timeout: [504, "backend_timeout", "did not answer in time; try again shortly"],
} as const;

/** Answer a request with the backend's answer to it. */
export async function proxy(request: Request): Promise<Response> {
  const started = performance.now();
  const requestId = requestIdOf(request.headers);
  const { pathname, search } = new URL(request.url);
  const upstream = upstreamFor(pathname, settings());
  const record = (status: number, fields: Record<string, unknown> = {}) =>
    // 304: a page asked whether there is something new, as it does all the time.
    log(status >= 500 ? "error" : status === 304 ? "debug" : "info", "request", {
      request_id: requestId,
      method: request.method,
      path: pathname,
      status,
      duration_ms: Math.round((performance.now() - started) * 10) / 10,
      ...(upstream ? { upstream: upstream.name } : {}),
      ...fields,
    });

  if (!upstream) {
    record(404);
    return errorResponse(404, "not_found", `There is nothing at ${pathname}.`, requestId);
  }
  try {
    const body = await bodyOf(request);
    const url = new URL(pathname + search, upstream.url);
    const timeoutMs = ANSWER_TIMEOUT_MS[upstream.name];
    const answer = await sendWithRetry({
      method: request.method,
      url,
      headers: upstreamHeaders(request.headers, requestId),
      body,
      timeoutMs,
      signal: request.signal,
    });
    const status = answer.statusCode ?? 502;
    const { location } = answer.headers;
    if (location !== undefined) {
      const own = ownLocation(location, url, request.headers.get("host"));
      if (own === null) {
        answer.destroy();
        record(502, { cause: "redirect to another host" });
        return errorResponse(502, "bad_gateway", `The ${upstream.name} pointed to another host.`, requestId);
      }
      answer.headers.location = own;
    }
    record(status);
    const empty = request.method === "HEAD" || status === 204 || status === 205 || status === 304;
    if (empty) answer.resume();
    const stalled = () => record(status, { cause: `nothing more came for ${timeoutMs} ms: the answer was cut off` });
    return new Response(empty ? null : bodyOfAnswer(answer, timeoutMs, stalled), {
      status,
      headers: downstreamHeaders(answer.headers, requestId),
    });
  } catch (error) {
    if (error instanceof UpstreamError && error.reason !== "aborted") {
      const [status, code, text] = FAILURES[error.reason];
      record(status, { cause: error.code });
      return errorResponse(status, code, `The ${upstream.name} ${text}.`, requestId);
    }
    const cause = error instanceof Error ? error.message : String(error);
    if (error instanceof UpstreamError || request.signal.aborted) {
      // The browser has gone: nobody reads this answer.
      record(499, { cause });
      return errorResponse(499, "client_closed_request", "The request was given up.", requestId);
    }
    record(500, { cause });
    return errorResponse(500, "internal_error", "Something went wrong on our side.", requestId);
  }
}
