/**
 * The reader's conversations and the one that is open, apart from how they look.
 *
 * A message shows at once. Until the server has it, its text is kept in `drafts`; refused, it comes back into the field.
 * Answers go on while another conversation is open.
 */
import { type Failure, failureOf } from "@todo/shared/client/api";
import type { Drafts } from "@todo/shared/client/drafts";
import { newKey } from "@todo/shared/client/new-key";
import { isCancel } from "axios";
import type { ChatApi, Outgoing } from "./chat-api";
import { type Entry, entriesOf } from "./items";
import type { Item, StreamEvent, Thread } from "./protocol";
import { Turn, type TurnListener } from "./turn";

export interface Conversation {
  id: string;
  title: string;
}

/** What there is to show. */
export interface Snapshot {
  conversations: Conversation[] | null;
  moreConversations: boolean;
  openId: string | null;
  entries: Entry[];
  /** Whether there is more before the first entry. */
  earlier: boolean;
  loading: boolean;
  /** The message under way in the open conversation, or what was the last one. */
  turn: { state: Turn["state"]; progress: string } | null;
  /** What is in the field. */
  text: string;
  failure: Failure | null;
  /** When it failed; a server may want to be left alone for a time from then on. */
  failedAt: number;
  /** Whether trying again can help. */
  repeatable: boolean;
  /** What happened last, for assistive technology. */
  said: string;
}

interface Options {
  api: ChatApi;
  drafts: Drafts;
  /** The session has ended: nothing more is sent until somebody signs in. */
  onExpired: () => void;
  newKey?: () => string;
}

/** A message that may have reached the server, and the conversation that it is in. */
interface Attempt {
  outgoing: Outgoing;
  threadId: string | null;
}

/** What is in the field, and the attempt to send it, if there was one. */
interface Draft {
  text: string;
  attempt?: Attempt;
}

const UNANSWERED: Failure = {
  status: null,
  code: "unanswered",
  message: "This message has no answer: the page was left before it came.",
  requestId: null,
};

/** Whether sending the same again can help. */
function isRepeatable({ status, code }: Failure): boolean {
  // What was begun and may have changed tasks is never begun again.
  if (status === 409) return code !== "interrupted" && code !== "already_done";
  return status === null || status >= 500 || status === 408 || status === 425 || status === 429;
}

function conversationOf({ id, title }: Thread): Conversation {
  return { id, title: title?.trim() || "New conversation" };
}

export class ChatStore {
  private conversations: Conversation[] | null = null;
  private afterConversations: string | null = null;
  private openId: string | null;
  private items: Item[] = [];
  private afterItems: string | null = null;
  private loading = false;
  private failure: Failure | null = null;
  private failedAt = 0;
  /** What failed, to be done once more. */
  private again: (() => void) | null = null;
  private said = "";
  private draft: Draft;

  /** Messages under way, and those that failed after the server had them. */
  private turns: Turn[] = [];
  /** The first message of the conversation that is open and has no number yet. */
  private fresh: Turn | null = null;
  private request: AbortController | null = null;
  /** The last change of each conversation that is being changed. */
  private readonly changes = new Map<string, Promise<unknown>>();
  private running = false;
  private readonly listeners = new Set<() => void>();
  private snapshot: Snapshot;

  constructor(private readonly options: Options) {
    this.draft = options.drafts.read<Draft>("message") ?? { text: "" };
    this.openId = options.drafts.read<string>("conversation");
    this.snapshot = this.make();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getSnapshot = (): Snapshot => this.snapshot;

  start(): void {
    this.running = true;
    void this.loadConversations();
    if (this.openId) void this.load(this.openId);
  }

  stop(): void {
    this.running = false;
    this.request?.abort();
    for (const turn of this.turns) turn.stop();
    this.listeners.clear();
  }

  /** The network is back. */
  recover(): void {
    if (this.conversations === null) void this.loadConversations();
  }

  // ---- conversations

  async loadConversations(): Promise<void> {
    try {
      const page = await this.options.api.threads();
      this.conversations = page.data.map(conversationOf);
      this.afterConversations = page.has_more ? (page.after ?? null) : null;
      this.emit();
    } catch (error) {
      // A list that is there stays as it is.
      if (this.conversations === null) this.fail(error, () => void this.loadConversations());
    }
  }

  async moreConversations(): Promise<void> {
    if (!this.afterConversations) return;
    try {
      const page = await this.options.api.threads(this.afterConversations);
      const known = new Set(this.conversations?.map(({ id }) => id));
      const more = page.data.filter(({ id }) => !known.has(id)).map(conversationOf);
      this.conversations = [...(this.conversations ?? []), ...more];
      this.afterConversations = page.has_more ? (page.after ?? null) : null;
      this.emit();
    } catch (error) {
      this.fail(error, () => void this.moreConversations());
    }
  }

  /** Open a conversation, or begin a new one. */
  show(id: string | null): void {
    this.request?.abort();
    this.openId = id;
    this.fresh = null;
    this.turns = this.turns.filter(({ state }) => state === "under way");
    this.items = [];
    this.afterItems = null;
    this.loading = false;
    this.succeed();
    this.keepOpen();
    this.said = id ? `Conversation ${this.titleOf(id)}` : "New conversation";
    this.emit();
    if (id) void this.load(id);
  }

  /** Load the newest of what was said in the open conversation. */
  private async load(id: string): Promise<void> {
    const current = new AbortController();
    this.request?.abort();
    this.request = current;
    this.loading = this.items.length === 0;
    this.emit();
    try {
      const page = await this.options.api.items(id, undefined, current.signal);
      if (current.signal.aborted) return;
      this.items = page.data.reverse();
      this.afterItems = page.has_more ? (page.after ?? null) : null;
      this.lookForUnanswered(id);
    } catch (error) {
      if (current.signal.aborted || isCancel(error)) return;
      // Deleted elsewhere meanwhile.
      if (failureOf(error).status === 404) this.forget(id);
      else this.fail(error, () => void this.load(id));
    } finally {
      if (this.request === current) {
        this.request = null;
        this.loading = false;
        this.emit();
      }
    }
  }

  /** Load what was said before the first of what is shown. */
  async loadEarlier(): Promise<void> {
    const { openId, afterItems } = this;
    if (!openId || !afterItems) return;
    try {
      const page = await this.options.api.items(openId, afterItems);
      if (this.openId !== openId || this.afterItems !== afterItems) return;
      this.items = [...page.data.reverse(), ...this.items];
      this.afterItems = page.has_more ? (page.after ?? null) : null;
      this.emit();
    } catch (error) {
      this.fail(error, () => void this.loadEarlier());
    }
  }

  async rename(id: string, title: string): Promise<void> {
    const before = this.titleOf(id);
    this.retitle(id, title);
    try {
      this.retitle(id, conversationOf(await this.inOrder(id, () => this.options.api.rename(id, title))).title);
      this.said = `Renamed to ${title}.`;
      this.emit();
    } catch (error) {
      this.retitle(id, before);
      this.fail(error, () => void this.rename(id, title));
    }
  }

  async remove(id: string): Promise<void> {
    const title = this.titleOf(id);
    try {
      await this.inOrder(id, () => this.options.api.remove(id));
    } catch (error) {
      // Gone is what it was to be.
      if (failureOf(error).status !== 404) return this.fail(error, () => void this.remove(id));
    }
    for (const turn of this.turns) if (turn.threadId === id) turn.stop();
    this.forget(id);
    this.said = `Conversation ${title} is deleted.`;
    this.emit();
  }

  /** One change of a conversation after the other: the page shows each at once, and the server may be slow. */
  private inOrder<T>(id: string, change: () => Promise<T>): Promise<T> {
    const mine = (this.changes.get(id) ?? Promise.resolve()).then(change, change);
    this.changes.set(id, mine);
    return mine.finally(() => {
      if (this.changes.get(id) === mine) this.changes.delete(id);
    });
  }

  private forget(id: string): void {
    this.conversations = this.conversations?.filter((one) => one.id !== id) ?? null;
    this.turns = this.turns.filter((turn) => turn.threadId !== id);
    if (this.openId === id) this.show(null);
    else this.emit();
  }

  private retitle(id: string, title: string): void {
    this.conversations = this.conversations?.map((one) => (one.id === id ? { id, title } : one)) ?? null;
    this.emit();
  }

  private titleOf(id: string): string {
    return this.conversations?.find((one) => one.id === id)?.title ?? "New conversation";
  }

  // ---- messages

  /** What the reader types. */
  write(text: string): void {
    this.setDraft({ ...this.draft, text });
    this.emit();
  }

  /** Send what is in the field, or `text` in its place. */
  send(text = this.draft.text): void {
    const message = text.trim();
    if (!message || this.current?.state === "under way") return;
    const { attempt } = this.draft;
    // The same text to the same place is the same message: the server may have heard it.
    const same = attempt?.outgoing.text === message && attempt.threadId === this.openId;
    const outgoing = same ? attempt.outgoing : { key: this.newKey(), text: message, threadId: this.openId };
    if (text === this.draft.text) this.setDraft({ text: "" });
    this.run(new Turn(outgoing, same ? { threadId: this.openId } : undefined));
  }

  /** Stop the answer that is coming. */
  stopAnswer(): void {
    const turn = this.current;
    if (turn?.state !== "under way") return;
    turn.stop();
    this.said = "Stopped.";
    this.emit();
  }

  /** Do once more what failed last. */
  retry(): void {
    const { again } = this;
    this.succeed();
    this.emit();
    again?.();
  }

  dismiss(): void {
    this.succeed();
    this.emit();
  }

  private run(turn: Turn): void {
    this.settle();
    this.turns.push(turn);
    if (turn.threadId === null) this.fresh = turn;
    this.succeed();
    this.said = "";
    this.keepUnheard(turn);
    this.emit();
    void turn.run(this.options.api, this.listener).then(() => this.ended(turn));
  }

  private readonly listener: TurnListener = {
    changed: (turn, event) => this.changed(turn, event),
    thread: (turn, thread, before) => this.named(turn, thread, before),
  };

  private changed(turn: Turn, event: StreamEvent | null): void {
    if (turn.heard && event?.type === "thread.item.done" && event.item.type === "user_message") {
      // The server has it: it is a draft no longer, but nobody has seen an answer.
      this.setDraft(this.draft);
      this.options.drafts.write("unanswered", { outgoing: turn.outgoing, threadId: turn.threadId } satisfies Attempt);
    }
    if (turn === this.current && event) this.say(event);
    this.emit();
  }

  /** Tell what is done when it begins, and an answer when it is whole: not every word as it comes. */
  private say(event: StreamEvent): void {
    if (event.type === "thread.item.added" && event.item.type === "workflow") {
      this.said = event.item.workflow.tasks[0]?.title ?? "";
    } else if (event.type === "thread.item.updated" && event.update.type === "workflow.task.added") {
      this.said = event.update.task.title ?? "";
    } else if (event.type === "thread.item.done" && event.item.type === "assistant_message") {
      this.said = event.item.content.map(({ text }) => text).join("");
    }
  }

  private named(turn: Turn, thread: Thread, before: string | null): void {
    const title = thread.title?.trim() || turn.outgoing.text;
    const others = this.conversations?.filter(({ id }) => id !== thread.id) ?? [];
    const known = this.conversations?.find(({ id }) => id === thread.id);
    if (!known) this.conversations = [{ id: thread.id, title }, ...others];
    else if (thread.title) this.retitle(thread.id, title);
    if (this.fresh === turn || (before !== null && before === this.openId)) {
      this.fresh = null;
      this.openId = thread.id;
      this.keepOpen();
    }
  }

  private ended(turn: Turn): void {
    if (!this.running) return;
    const shown = turn === this.current;
    if (turn.state === "failed" && turn.failure) this.refused(turn, turn.failure, shown);
    else {
      this.options.drafts.write("unanswered", null);
      if (!shown) this.turns = this.turns.filter((one) => one !== turn);
      // Of a message that was sent twice the server may have more than came this time.
      else if (turn.before && turn.threadId) this.reload(turn, turn.threadId);
      void this.loadConversations();
    }
    this.emit();
  }

  private refused(turn: Turn, failure: Failure, shown: boolean): void {
    if (!isRepeatable(failure)) this.options.drafts.write("unanswered", null);
    if (turn.heard && shown) {
      this.fail(failure, () => this.repeat(turn));
      return;
    }
    this.turns = this.turns.filter((one) => one !== turn);
    // Opening the conversation finds it without an answer.
    if (turn.heard) return;
    if (this.fresh === turn) this.fresh = null;
    const { outgoing, threadId } = turn;
    if (!this.draft.text) this.setDraft({ text: outgoing.text, attempt: { outgoing, threadId } });
    // What was typed meanwhile stays; what was not sent comes before it.
    else this.setDraft({ text: `${outgoing.text}\n${this.draft.text}` });
    this.fail(failure, () => this.send());
  }

  /** Send a message that the server has once more: it is answered once. */
  private repeat(turn: Turn): void {
    this.turns = this.turns.filter((one) => one !== turn);
    const shown = new Set(turn.items.map(({ id }) => id));
    this.items = this.items.filter(({ id }) => !shown.has(id));
    const question = turn.items.find(({ type }) => type === "user_message");
    this.run(new Turn(turn.outgoing, { threadId: turn.threadId, question }));
  }

  private reload(turn: Turn, threadId: string): void {
    this.settle();
    this.turns = this.turns.filter((one) => one !== turn);
    void this.load(threadId);
  }

  /** A page that was left while an answer came: offer to ask for it again. */
  private lookForUnanswered(threadId: string): void {
    const left = this.options.drafts.read<Attempt>("unanswered");
    if (left?.threadId !== threadId || this.turns.some((turn) => turn.threadId === threadId)) return;
    const last = this.items.at(-1);
    if (last?.type !== "user_message") {
      this.options.drafts.write("unanswered", null);
      return;
    }
    this.fail(UNANSWERED, () => {
      this.items = this.items.filter((item) => item !== last);
      this.run(new Turn(left.outgoing, { threadId, question: last }));
    });
  }

  /** The message of the open conversation that is under way, or was the last one. */
  private get current(): Turn | null {
    if (this.openId === null) return this.fresh;
    return this.turns.findLast(({ threadId }) => threadId === this.openId) ?? null;
  }

  /** Let the open conversation's finished messages be part of what was said before. */
  private settle(): void {
    const finished = this.turns.filter((turn) => turn.threadId === this.openId && turn.state !== "under way");
    this.items = this.merged(finished);
    this.turns = this.turns.filter((turn) => !finished.includes(turn));
  }

  private merged(turns: Turn[]): Item[] {
    const latest = turns.flatMap((turn) => turn.items);
    const ids = new Set(latest.map(({ id }) => id));
    return [...this.items.filter(({ id }) => !ids.has(id)), ...latest];
  }

  // ---- what is shown and kept

  private newKey(): string {
    return this.options.newKey?.() ?? newKey();
  }

  private setDraft(draft: Draft): void {
    this.draft = draft;
    this.options.drafts.write("message", draft.text ? draft : null);
  }

  /** Keep a message that the server may not have, as far as nothing else was typed. */
  private keepUnheard({ outgoing, threadId }: Turn): void {
    const kept: Draft = { text: outgoing.text, attempt: { outgoing, threadId } };
    if (!this.draft.text) this.options.drafts.write("message", kept);
  }

  private keepOpen(): void {
    this.options.drafts.write("conversation", this.openId);
  }

  private fail(error: unknown, again: () => void): void {
    const failure = error instanceof Error ? failureOf(error) : (error as Failure);
    if (failure.status === 401) {
      this.options.onExpired();
      return;
    }
    this.failure = failure;
    this.failedAt = Date.now();
    this.again = again;
    this.said = "";
    this.emit();
  }

  private succeed(): void {
    this.failure = null;
    this.again = null;
  }

  private make(): Snapshot {
    const turn = this.current;
    return {
      conversations: this.conversations,
      moreConversations: this.afterConversations !== null,
      openId: this.openId,
      entries: entriesOf(turn ? this.merged([turn]) : this.items),
      earlier: this.afterItems !== null,
      loading: this.loading,
      turn: turn && { state: turn.state, progress: turn.progress },
      text: this.draft.text,
      failure: this.failure,
      failedAt: this.failedAt,
      repeatable: this.again !== null && this.failure !== null && isRepeatable(this.failure),
      said: this.said,
    };
  }

  private emit(): void {
    this.snapshot = this.make();
    for (const listener of this.listeners) listener();
  }
}
