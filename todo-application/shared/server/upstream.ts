/** One HTTP exchange with a backend, over node:http so that headers and bodies pass exactly as they are. */

import type { OutgoingHttpHeaders } from "node:http";
import http from "node:http";
import https from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

// Idle connections are given up before the backend (75 s) gives them up, so that none is used while it closes.
const AGENT_OPTIONS = { keepAlive: true, maxSockets: 256, timeout: 30_000 };
const agents = { "http:": new http.Agent(AGENT_OPTIONS), "https:": new https.Agent(AGENT_OPTIONS) };

export interface Exchange {
  method: string;
  url: URL;
  headers: OutgoingHttpHeaders;
  /** A whole body can be sent again, a stream cannot. */
  body: Buffer | ReadableStream<Uint8Array> | null;
  /** Milliseconds until the answer's headers must have come. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/** Why a backend gave no answer. */
export class UpstreamError extends Error {
  constructor(
    readonly reason: "unreachable" | "broken" | "timeout" | "aborted",
    /** Whether the request cannot have had an effect. */
    readonly unsent: boolean,
    readonly code: string,
  ) {
    super(code);
  }
}

/** Send one request. Resolves when the answer's headers are there; the body is still to be read. */
export function send(exchange: Exchange): Promise<http.IncomingMessage> {
  const { method, url, headers, body, timeoutMs, signal } = exchange;
  const secure = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    let connected = false;
    let timedOut = false;
    const request = (secure ? https : http).request(url, {
      method,
      headers,
      agent: secure ? agents["https:"] : agents["http:"],
    });
    const timer = setTimeout(() => {
      timedOut = true;
      request.destroy(new Error("ETIMEDOUT"));
    }, timeoutMs);
    const abort = () => request.destroy(new Error("ABORTED"));
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });

    request.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => (connected = true));
      else connected = true;
    });
    request.on("response", (response) => {
      clearTimeout(timer);
      response.once("close", () => signal?.removeEventListener("abort", abort));
      resolve(response);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      const code = error.code ?? error.message;
      if (signal?.aborted) reject(new UpstreamError("aborted", false, code));
      else if (timedOut) reject(new UpstreamError("timeout", !connected, code));
      else if (!connected) reject(new UpstreamError("unreachable", true, code));
      // A kept connection that the backend had just closed: safe to repeat where the method is.
      else reject(new UpstreamError("broken", request.reusedSocket && isIdempotent(method), code));
    });

    if (body === null) request.end();
    else if (Buffer.isBuffer(body)) request.end(body);
    // A failing pipeline destroys the request, whose error event tells the caller.
    else pipeline(Readable.fromWeb(body as never), request).catch(() => undefined);
  });
}

function isIdempotent(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "PUT" || method === "DELETE" || method === "OPTIONS";
}

const RETRY_AFTER_MS = [50, 150, 400];

/** Send, and send again while the backend is certain not to have seen the request (it restarts, say). */
export async function sendWithRetry(exchange: Exchange): Promise<http.IncomingMessage> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await send(exchange);
    } catch (error) {
      const pause = RETRY_AFTER_MS[attempt];
      const replayable = exchange.body === null || Buffer.isBuffer(exchange.body);
      const again = error instanceof UpstreamError && error.unsent && error.reason !== "timeout";
      if (!again || !replayable || pause === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}
