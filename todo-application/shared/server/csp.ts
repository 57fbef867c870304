/** The Content-Security-Policy of a page. */
import { type NextRequest, NextResponse } from "next/server";

interface Options {
  /** Origins besides its own that a page may load scripts and frames from, such as ChatKit's; they may set styles. */
  scripts?: string[];
}

/** Answer a request for a page with a policy that allows this answer's own scripts only. */
export function withPolicy(request: NextRequest, { scripts = [] }: Options = {}): NextResponse {
  const nonce = btoa(crypto.randomUUID());
  const extra = scripts.map((origin) => ` ${origin}`).join("");
  const developing = process.env.NODE_ENV === "development" ? " 'unsafe-eval'" : "";
  const policy = [
    "default-src 'self'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${developing}${extra}`,
    // A nonce would switch 'unsafe-inline' off, which ChatKit's script may need.
    `style-src 'self' ${extra ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    `connect-src 'self'${extra}`,
    `frame-src${extra || " 'none'"}`,
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");
  const headers = new Headers(request.headers);
  headers.set("x-nonce", nonce);
  headers.set("content-security-policy", policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("content-security-policy", policy);
  return response;
}
