/** One message and its answer, from the moment it is sent. */
import { type Failure, RequestFailed, unreachable } from "@todo/shared/client/api";
import type { ChatApi, Outgoing } from "./chat-api";
import { applied, brokenOff } from "./items";
import type { Item, StreamEvent, Thread } from "./protocol";

const LOST: Failure = {
  status: null,
  code: "lost",
  message: "The connection was lost before the answer was complete.",
  requestId: null,
};

export interface TurnListener {
  /** Something is to be shown. */
  changed(turn: Turn, event: StreamEvent | null): void;
  /** The server began a thread for it, or gave the thread a title; `before` is where the message was until now. */
  thread(turn: Turn, thread: Thread, before: string | null): void;
}

export class Turn {
  /** The reader's message and what has come of the answer. */
  items: Item[];
  /** Where the message is; one that began a thread stays a request for a new one when it is repeated. */
  threadId: string | null;
  /** Whether the server has the message; what it does not have goes back to where it can be changed. */
  heard: boolean;
  state: "under way" | "stopped" | "failed" | "done" = "under way";
  failure: Failure | null = null;
  /** What the server says it is doing, while nothing else of the answer is there. */
  progress = "";

  private readonly request = new AbortController();
  /** Whether the whole answer is here. */
  private complete = false;
  /** Stands for the message until the server has told of it. */
  private readonly question: Item;

  constructor(
    readonly outgoing: Outgoing,
    /** Of a message that was sent before: where it is, and what the server made of it if it had it. */
    readonly before?: { threadId: string | null; question?: Item },
  ) {
    const content = [{ text: outgoing.text }];
    this.question = before?.question ?? { type: "user_message", id: `local-${outgoing.key}`, content };
    this.items = [this.question];
    this.threadId = before ? before.threadId : outgoing.threadId;
    this.heard = before?.question !== undefined;
  }

  /** Send it and follow the answer; ends when that has, whatever came of it. */
  async run(api: ChatApi, listener: TurnListener): Promise<void> {
    try {
      await api.send(this.outgoing, (event) => this.take(event, listener), this.request.signal);
      // A stream that just ends has lost its server.
      if (this.state === "under way" && !this.complete) throw new RequestFailed(LOST);
      if (this.state === "under way") this.state = "done";
    } catch (error) {
      if (this.state === "stopped") return;
      this.state = "failed";
      this.failure = error instanceof RequestFailed ? error.failure : this.heard ? LOST : unreachable();
    } finally {
      this.items = brokenOff(this.items);
      listener.changed(this, null);
    }
  }

  /** Give up the answer; what was said stays, here and on the server. */
  stop(): void {
    if (this.state !== "under way") return;
    this.state = "stopped";
    this.request.abort();
  }

  private take(event: StreamEvent, listener: TurnListener): void {
    if (this.state !== "under way") return;
    switch (event.type) {
      case "thread.created":
      case "thread.updated": {
        const before = this.threadId;
        this.threadId = event.thread.id;
        listener.thread(this, event.thread, before);
        break;
      }
      case "thread.item.done":
        if (event.item.type === "user_message") {
          this.heard = true;
          this.items = this.items.filter((item) => item !== this.question);
        } else if (event.item.type === "assistant_message") {
          this.complete = true;
        }
        break;
      case "progress_update":
        this.progress = event.text;
        break;
      case "error":
        throw new RequestFailed(failureOfEvent(event));
    }
    this.items = applied(this.items, event);
    listener.changed(this, event);
  }
}

function failureOfEvent({ code, message, allow_retry }: Extract<StreamEvent, { type: "error" }>): Failure {
  // The server's own words, where it has any; codes alone are for programs.
  const text = message || `Something went wrong while answering.${allow_retry ? " Try again." : ""}`;
  return { status: null, code: code ?? "custom", message: text, requestId: null };
}
