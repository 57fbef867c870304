import { api } from "@todo/shared/client/api";

export interface ToolCall {
  name: string;
  arguments: Record<string, unknown>;
  result: unknown;
}

export interface Message {
  /** Stable while the page is open; the server's own where it has one. */
  id: string;
  role: "user" | "assistant";
  content: string;
  toolCalls: ToolCall[];
  /** Who answered: "built-in", or "openai:" and the model; null for the reader's own. */
  assistant: string | null;
}

export interface Conversation {
  id: string;
  title: string;
  updatedAt: string | null;
}

export interface Reply {
  conversation_id: string | number;
  response: string;
  tool_calls: ToolCall[];
  assistant?: string | null;
}

export const MESSAGE_MAX = 4000;

interface RawMessage {
  id?: string | number;
  role: string;
  content: string;
  tool_calls?: ToolCall[] | null;
  assistant?: string | null;
}

interface RawConversation {
  id: string | number;
  title?: string | null;
  created_at?: string | null;
  updated_at?: string | null;
}

let numbers = 0;
/** Give an id for a message that has none of the server's. */
export function localId(): string {
  numbers += 1;
  return `local-${numbers}`;
}

export function toConversation(raw: RawConversation): Conversation {
  return {
    id: String(raw.id),
    title: raw.title?.trim() || "Untitled conversation",
    updatedAt: raw.updated_at ?? raw.created_at ?? null,
  };
}

/** Messages of the reader and of the assistant; whatever else a server keeps is not for the page. */
export function toMessages(raw: RawMessage[]): Message[] {
  return raw
    .filter(({ role }) => role === "user" || role === "assistant")
    .map(({ id, role, content, tool_calls, assistant }) => ({
      id: id === undefined ? localId() : `server-${id}`,
      role: role as Message["role"],
      content,
      toolCalls: tool_calls ?? [],
      assistant: assistant ?? null,
    }));
}

export async function listConversations(): Promise<Conversation[]> {
  const { data } = await api.get<RawConversation[]>("/api/conversations");
  return data.map(toConversation);
}

export async function readConversation(id: string, signal?: AbortSignal): Promise<Message[]> {
  const url = `/api/conversations/${encodeURIComponent(id)}`;
  const { data } = await api.get<{ messages: RawMessage[] }>(url, { signal });
  return toMessages(data.messages);
}

export async function deleteConversation(id: string): Promise<void> {
  await api.delete(`/api/conversations/${encodeURIComponent(id)}`);
}

/** Send a message; without a conversation the server begins one. A language model may take its time. */
export async function sendMessage(message: string, conversationId: string | null): Promise<Reply> {
  const body = { message, ...(conversationId ? { conversation_id: conversationId } : {}) };
  return (await api.post<Reply>("/api/chat", body, { timeout: 130_000 })).data;
}
