/** A chat backend in memory for tests of the store: streams are fed by hand, and faults can be set. */
import { type Failure, RequestFailed } from "@todo/shared/client/api";
import type { ChatApi, Outgoing } from "../lib/chat-api";
import type { AssistantItem, Item, StreamEvent, Thread, UserItem, WorkflowItem } from "../lib/protocol";

export const user = (id: string, text: string): UserItem => ({ type: "user_message", id, content: [{ text }] });
export const answer = (id: string, text: string): AssistantItem => ({
  type: "assistant_message",
  id,
  content: [{ text }],
});
export const workflow = (id: string, ...titles: string[]): WorkflowItem => ({
  type: "workflow",
  id,
  workflow: { tasks: titles.map((title) => ({ type: "custom", title, status_indicator: "complete" })) },
});
export const thread = (id: string, title: string): Thread => ({ id, title, created_at: "2030-01-01T00:00:00Z" });

export function refused(status: number | null, more: Partial<Failure> = {}): RequestFailed {
  return new RequestFailed({ status, code: "code", message: `status ${status}`, requestId: "r", ...more });
}

/** One request for an answer, as the server sees it. */
export class Stream {
  readonly ended: Promise<void>;
  private resolve: () => void = () => {};
  private reject: (error: unknown) => void = () => {};

  constructor(
    readonly message: Outgoing,
    private readonly onEvent: (event: StreamEvent) => void,
    readonly signal: AbortSignal,
  ) {
    this.ended = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    signal.addEventListener("abort", () => this.reject(new DOMException("aborted", "AbortError")));
  }

  /** Send events; what one does in the browser's code may fail there. */
  send(...events: StreamEvent[]): this {
    try {
      for (const event of events) this.onEvent(event);
    } catch (error) {
      this.reject(error);
    }
    return this;
  }
  begin(id: string): this {
    return this.send({ type: "thread.created", thread: thread(id, "") });
  }
  done(...items: Item[]): this {
    return this.send(...items.map((item): StreamEvent => ({ type: "thread.item.done", item })));
  }
  text(id: string, ...deltas: string[]): this {
    this.send({ type: "thread.item.added", item: answer(id, "") });
    return this.send(
      ...deltas.map((delta): StreamEvent => {
        const update = { type: "assistant_message.content_part.text_delta", content_index: 0, delta } as const;
        return { type: "thread.item.updated", item_id: id, update };
      }),
    );
  }
  end(): void {
    this.resolve();
  }
  fail(error: unknown): void {
    this.reject(error);
  }
}

export class FakeChat {
  threads: Thread[] = [];
  items = new Map<string, Item[]>();
  streams: Stream[] = [];
  /** The next requests other than messages fail so. */
  faults: (RequestFailed | null)[] = [];
  asked: string[] = [];
  /** Answers wait for it. */
  slow: Promise<unknown> = Promise.resolve();

  get last(): Stream {
    const stream = this.streams.at(-1);
    if (!stream) throw new Error("nothing was sent");
    return stream;
  }

  private ask<T>(name: string, give: () => T): Promise<T> {
    this.asked.push(name);
    const fault = this.faults.shift();
    return fault ? Promise.reject(fault) : this.slow.then(give);
  }

  readonly api: ChatApi = {
    threads: (after) =>
      this.ask("threads", () => {
        const from = after ? this.threads.findIndex(({ id }) => id === after) + 1 : 0;
        const data = this.threads.slice(from, from + 2);
        return { data, has_more: from + 2 < this.threads.length, after: data.at(-1)?.id };
      }),
    items: (id, after) =>
      this.ask(`items ${id}`, () => {
        const all = this.items.get(id);
        if (!all) throw refused(404);
        const newest = [...all].reverse();
        const from = after ? newest.findIndex((item) => item.id === after) + 1 : 0;
        const data = newest.slice(from, from + 4);
        return { data, has_more: from + 4 < all.length, after: data.at(-1)?.id };
      }),
    rename: (id, title) =>
      this.ask(`rename ${id}`, () => {
        this.threads = this.threads.map((one) => (one.id === id ? { ...one, title } : one));
        return thread(id, title);
      }),
    remove: (id) =>
      this.ask(`remove ${id}`, () => {
        this.threads = this.threads.filter((one) => one.id !== id);
        this.items.delete(id);
      }),
    send: (message, onEvent, signal) => {
      const stream = new Stream(message, onEvent, signal);
      this.streams.push(stream);
      return stream.ended;
    },
  };
}
