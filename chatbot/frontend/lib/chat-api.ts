/** The requests of the ChatKit protocol, as an object so that tests of the store need no network. */
import { api, failureOfAnswer, RequestFailed, unreachable } from "@todo/shared/client/api";
import { createParser } from "eventsource-parser";
import { type Item, isShown, type Page, type StreamEvent, type Thread, userInput } from "./protocol";

/** A message as it is sent. `key` makes a repeated one the same, if nothing else of it changes: it is answered once. */
export interface Outgoing {
  readonly key: string;
  readonly text: string;
  /** Without a thread the server begins one. */
  readonly threadId: string | null;
}

export interface ChatApi {
  threads(after?: string): Promise<Page<Thread>>;
  /** Items of a thread, the newest first. */
  items(threadId: string, after?: string, signal?: AbortSignal): Promise<Page<Item>>;
  rename(threadId: string, title: string): Promise<Thread>;
  remove(threadId: string): Promise<void>;
  /** Send a message and hand on the events of its answer as they come. */
  send(message: Outgoing, onEvent: (event: StreamEvent) => void, signal: AbortSignal): Promise<void>;
}

const THREADS_PAGE = 50;
const ITEMS_PAGE = 100;
/** The page's own server gives up on a silent backend after 120 s, and says so. */
const SILENCE_MS = 130_000;

async function ask<T>(type: string, params: object, signal?: AbortSignal): Promise<T> {
  return (await api.post<T>("/chatkit", { type, params }, { signal })).data;
}

/** Say why no stream came, as the envelope does. */
async function refusal(answer: Response): Promise<RequestFailed> {
  const data = await answer.json().catch(() => undefined);
  return new RequestFailed(failureOfAnswer(answer.status, data, answer.headers.get("retry-after") ?? ""));
}

const SILENT = { status: null, code: "network", message: "The answer took too long. Try again.", requestId: null };
const UNREADABLE = { status: null, code: "unreadable", message: "The answer can't be understood.", requestId: null };

/** Read a stream's events to its end, unless it falls silent. */
export async function readEvents(body: ReadableStream<Uint8Array>, onEvent: (event: StreamEvent) => void) {
  const parser = createParser({
    onEvent: ({ data }) => {
      let event: StreamEvent;
      try {
        event = JSON.parse(data) as StreamEvent;
      } catch {
        throw new RequestFailed(UNREADABLE);
      }
      onEvent(event);
    },
  });
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const silence = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new RequestFailed(SILENT)), SILENCE_MS);
      });
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Nobody listens any more, whatever the reason.
    void reader.cancel().catch(() => undefined);
  }
}

export const chatApi: ChatApi = {
  threads: (after) => ask("threads.list", { limit: THREADS_PAGE, order: "desc", after }),
  async items(threadId, after, signal) {
    const params = { thread_id: threadId, limit: ITEMS_PAGE, order: "desc", after };
    const page = await ask<Page<Item>>("items.list", params, signal);
    return { ...page, data: page.data.filter(isShown) };
  },
  rename: (threadId, title) => ask("threads.update", { thread_id: threadId, title }),
  async remove(threadId) {
    await ask("threads.delete", { thread_id: threadId });
  },
  async send({ key, text, threadId }, onEvent, signal) {
    const input = userInput(text);
    const request = threadId
      ? { type: "threads.add_user_message", params: { thread_id: threadId, input } }
      : { type: "threads.create", params: { input } };
    let answer: Response;
    try {
      // Not by axios, which gives no stream before it is whole.
      answer = await fetch("/chatkit", {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "text/event-stream",
          "Idempotency-Key": key,
          // "Tomorrow" is the reader's, not the server's.
          "X-Time-Zone": Intl.DateTimeFormat().resolvedOptions().timeZone,
        },
        body: JSON.stringify(request),
        signal,
      });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new RequestFailed(unreachable());
    }
    if (!answer.ok || !answer.body) throw await refusal(answer);
    await readEvents(answer.body, onEvent);
  },
};
