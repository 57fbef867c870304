/** The error envelope that every service of this application answers with. */

/** Give an error answer: {"error": {"code", "message", "request_id"}}. */
export function errorResponse(
  status: number,
  code: string,
  message: string,
  requestId: string,
  extra: Record<string, unknown> = {},
): Response {
  return Response.json(
    { ...extra, error: { code, message, request_id: requestId } },
    { status, headers: { "cache-control": "no-store", "x-request-id": requestId } },
  );
}
