/** Which headers pass through the proxy. */
import { randomUUID } from "node:crypto";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

/** Headers that concern one connection only (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Give the request's id: the caller's own when it is a sane one, otherwise a new one. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get("x-request-id");
  return given && /^[A-Za-z0-9._:-]{1,128}$/.test(given) ? given : randomUUID();
}

/** Who asked, as others may claim it. What is known here replaces it. */
const CLAIMS = new Set(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "x-client-ip"]);

/** Set by runtime/main.cjs, which writes the connection's own address into X-Forwarded-For. */
const INBOUND = Symbol.for("todo.inbound");

function namedByConnection(value: string | null | undefined): Set<string> {
  return new Set(
    (value ?? "")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
}

/**
 * Give the headers for the backend.
 *
 * Cookie, Authorization, Origin and Sec-Fetch-* pass unchanged, since the backend judges them. `Host` becomes the
 * backend's own; the one that the browser asked for is in X-Forwarded-Host. X-Forwarded-For has the one address that
 * this server saw, and is left out where nobody has looked: what a browser says of itself is never passed on. The
 * answer's encoding is the concern of this server, so the backend is asked for none.
 */
export function upstreamHeaders(headers: Headers, requestId: string): OutgoingHttpHeaders {
  const dropped = namedByConnection(headers.get("connection"));
  const out: OutgoingHttpHeaders = {};
  headers.forEach((value, name) => {
    if (HOP_BY_HOP.has(name) || CLAIMS.has(name) || dropped.has(name)) return;
    if (name === "host" || name === "accept-encoding" || name === "expect") return;
    out[name] = value;
  });
  const host = headers.get("host");
  if (host) out["x-forwarded-host"] = host;
  const seen = headers.get("x-forwarded-for");
  if (seen && (globalThis as Record<symbol, unknown>)[INBOUND] === true) out["x-forwarded-for"] = seen;
  out["x-request-id"] = requestId;
  out["accept-encoding"] = "identity";
  return out;
}

/**
 * Give where a redirect may lead: a path of this origin, or null where it would lead elsewhere.
 *
 * @param asked the address that the backend was asked for; it may name itself
 * @param pageHost the host that the browser asked for
 */
export function ownLocation(location: string, asked: URL, pageHost: string | null): string | null {
  let url: URL;
  try {
    url = new URL(location, asked);
  } catch {
    return null;
  }
  const own = url.host === asked.host || url.host === pageHost;
  // To a browser, //host/path is another host.
  if (!own || !/^https?:$/.test(url.protocol) || url.pathname.startsWith("//")) return null;
  return url.pathname + url.search + url.hash;
}

/** Give the headers for the browser; every Set-Cookie stays a header of its own. */
export function downstreamHeaders(headers: IncomingHttpHeaders, requestId: string): Headers {
  const dropped = namedByConnection(headers.connection);
  const out = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || HOP_BY_HOP.has(name) || dropped.has(name)) continue;
    for (const one of Array.isArray(value) ? value : [value]) out.append(name, one);
  }
  out.set("x-request-id", requestId);
  if (out.get("content-type")?.startsWith("text/event-stream")) {
    // Without this, compression would hold events back until its buffer is full.
    out.set("cache-control", "no-cache, no-transform");
    out.set("x-accel-buffering", "no");
  }
  return out;
}
