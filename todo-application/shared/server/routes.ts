/** Which backend answers a path. */
import type { Settings } from "./settings";

export interface Upstream {
  name: "todo-backend" | "chatbot-backend";
  url: string;
}

const TODO_PREFIXES = ["/api/auth", "/api/tasks"];
const CHATBOT_PREFIXES = ["/api/chat", "/api/conversations", "/chatkit", "/mcp"];

/** Give the backend for a path, or null where there is none. */
export function upstreamFor(path: string, conf: Settings): Upstream | null {
  const under = (prefix: string) => path === prefix || path.startsWith(`${prefix}/`);
  if (TODO_PREFIXES.some(under)) return { name: "todo-backend", url: conf.todoApiUrl };
  if (CHATBOT_PREFIXES.some(under)) return { name: "chatbot-backend", url: conf.chatbotApiUrl };
  return null;
}
