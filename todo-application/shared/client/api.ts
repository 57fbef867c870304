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
}

/** Give what an exception of a request means. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof AxiosError)) {
    return { status: null, code: "unexpected", message: "Something unexpected happened.", requestId: null };
  }
  const status = error.response?.status ?? null;
  const found = (error.response?.data as Envelope | undefined)?.error;
  if (found?.message) {
    return { status, code: found.code ?? "error", message: found.message, requestId: found.request_id ?? null };
  }
  if (status === null) {
    const message =
      error.code === "ECONNABORTED"
        ? "The answer took too long. Try again."
        : "The server can't be reached. Check the connection and try again.";
    return { status, code: "network", message, requestId: null };
  }
  return { status, code: "error", message: `The server answered with status ${status}.`, requestId: null };
}
