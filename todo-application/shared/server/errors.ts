/** The error envelope that every service of this application answers with. */

/** After these a client may try again soon; the header says when. */
const RETRY_AFTER: Record<number, string> = { 502: "2", 503: "2", 504: "5" };

/** Give an error answer: {"error": {"code", "message", "request_id"}}. */
export function errorResponse(
  status: number,
  code: string,
  message: string,
  requestId: string,
  extra: Record<string, unknown> = {},
): Response {
  const headers = new Headers({ "cache-control": "no-store", "x-request-id": requestId });
  const retry = RETRY_AFTER[status];
  if (retry) headers.set("retry-after", retry);
  return Response.json({ ...extra, error: { code, message, request_id: requestId } }, { status, headers });
}
