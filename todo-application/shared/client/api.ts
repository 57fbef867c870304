/** Requests from the browser to its own origin, and what to tell the reader when one fails. */
import axios, { AxiosError } from "axios";

/** The one client of a page. The session cookie goes along by itself, since everything is same-origin. */
export const api = axios.create({
  timeout: 30_000,
  headers: { Accept: "application/json" },
});

interface Envelope {
  error?: { code?: string; message?: string; request_id?: string };
}

/** A failed request in words for the reader. */
export interface Failure {
  status: number | null;
  code: string;
  message: string;
  requestId: string | null;
  /** Seconds after which the server wants to be asked again, where it says so. */
  retryAfter?: number;
}

/** A failure that did not come through axios, such as that of a stream. */
export class RequestFailed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

const UNREACHABLE = "The server can't be reached. Check the connection and try again.";

/** Give what an exception of a request means. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RequestFailed) return error.failure;
  if (!(error instanceof AxiosError)) {
    return { status: null, code: "unexpected", message: "Something unexpected happened.", requestId: null };
  }
  const { response } = error;
  if (response) return failureOfAnswer(response.status, response.data, String(response.headers["retry-after"] ?? ""));
  const message = error.code === "ECONNABORTED" ? "The answer took too long. Try again." : UNREACHABLE;
  return { status: null, code: "network", message, requestId: null };
}

/** Give what an answer means whose status says that the request failed. */
export function failureOfAnswer(status: number, data: unknown, retryAfter: string): Failure {
  const found = (data as Envelope | undefined)?.error;
  return {
    status,
    code: found?.code ?? "error",
    message: found?.message || `The server answered with status ${status}.`,
    requestId: found?.request_id ?? null,
    ...(/^\d+$/.test(retryAfter) ? { retryAfter: Number(retryAfter) } : {}),
  };
}

/** What to say where nobody answered. */
export function unreachable(): Failure {
  return { status: null, code: "network", message: UNREACHABLE, requestId: null };
}
