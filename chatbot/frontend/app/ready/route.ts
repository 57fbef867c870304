import { ready } from "@todo/shared/server/health";

export const dynamic = "force-dynamic";
export const runtime = "nodejs";

export function GET(): Promise<Response> {
  return ready(["todo-backend", "chatbot-backend"]);
}
