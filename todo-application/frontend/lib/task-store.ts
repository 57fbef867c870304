/**
 * The reader's tasks and what happens to them, apart from how it looks.
 *
 * A change shows at once and is sent in its turn. Confirmed, it becomes part of the list; refused, it is taken back,
 * said, and kept for another attempt. What is not confirmed is kept in `drafts` too.
 */
import { type Failure, failureOf } from "@todo/shared/client/api";
import type { Drafts } from "@todo/shared/client/drafts";
import { newKey } from "@todo/shared/client/new-key";
import { isCancel } from "axios";
import { type Add, type Change, type Delete, isRepeatable, previewed, titleOf } from "./changes";
import { countsOf, type Listing, replaced } from "./listing";
import { type Draft, PAGE_MAX, PAGE_SIZE, type Page, type Query, type Task, type TaskApi } from "./tasks";
import { UndoTimers } from "./undo-timers";

export const EVERYTHING: Query = { status: "all", sort: "created", q: "" };
export const UNDO_MS = 8_000;
const SECOND_LOOK_MS = 1_000;
/** Longer than a sign-out takes; one that fails leaves the page as it was. */
const QUIET_MS = 30_000;
/** What was to be deleted had gone already, and nobody knows which list knows it. */
const GONE = Symbol("gone");

/** A task that is being edited: what is in its form, and which version of the task the form began with. */
export interface OpenEdit {
  draft: Draft;
  version?: number;
}

/** What there is to show. */
export interface Snapshot {
  query: Query;
  listing: Listing | null;
  loading: boolean;
  /** Why the list could not be loaded. */
  failure: Failure | null;
  /** Changes that were refused, oldest first. */
  failed: Change[];
  /** The keys of new tasks that are not confirmed yet. */
  adding: string[];
  /** Deletions that can be undone, oldest first. */
  held: Delete[];
  edits: Record<number, OpenEdit>;
  /** What happened last, for assistive technology. */
  said: string;
}

interface Options {
  api: TaskApi;
  drafts: Drafts;
  /** The session has ended: nothing more is sent until somebody signs in. */
  onExpired: () => void;
  newKey?: () => string;
}

export class TaskStore {
  private base: Listing | null = null;
  private changes: Change[];
  private edits: Record<number, OpenEdit>;
  private query = EVERYTHING;
  private loading = true;
  private failure: Failure | null = null;
  private said = "";

  private running = false;
  private sending: Promise<void> | null = null;
  private request: AbortController | null = null;
  /** No news are asked for before. */
  private quietUntil = 0;
  /** The question for news that is under way. */
  private question: AbortController | null = null;
  /** The state that the list is of. */
  private etag: string | undefined;
  /** Counts lists that were asked for or came: one that overlaps a change may or may not know of it. */
  private lists = 0;
  /** Keeps a row what it is while its task gets a number. */
  private readonly rows = new Map<number, string>();
  /** Deletions of a page that was left: they were sent, and nobody has heard what came of it. */
  private readonly unheard: Set<string>;
  private lookedTwice = false;
  private readonly timers = new UndoTimers(UNDO_MS, (key) => this.release(key));
  private readonly listeners = new Set<() => void>();
  private snapshot: Snapshot;

  constructor(private readonly options: Options) {
    // What could still be undone before a reload was wanted long enough.
    this.changes = (options.drafts.read<Change[]>("changes") ?? []).map((change) =>
      change.progress === "held" ? { ...change, progress: "queued" } : change,
    );
    const deletions = this.changes.filter(({ kind, progress }) => kind === "delete" && progress === "queued");
    this.unheard = new Set(deletions.map(({ key }) => key));
    this.edits = options.drafts.read<Record<number, OpenEdit>>("edits") ?? {};
    for (const { kind, id, key } of this.changes) if (kind === "add") this.rows.set(id, key);
    this.snapshot = this.make();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly getSnapshot = (): Snapshot => this.snapshot;

  start(): void {
    this.running = true;
    void this.load();
    this.pump();
  }

  /** The page shows something else: what is kept stays for the next store. */
  stop(): void {
    this.running = false;
    this.request?.abort();
    this.question?.abort();
    this.timers.cancelAll();
    this.listeners.clear();
  }

  /** The name of a task's row, which stays when the task gets its number. */
  rowOf(id: number): string {
    return this.rows.get(id) ?? String(id);
  }

  // ---- the list

  setQuery(query: Query): void {
    this.query = query;
    this.emit();
    void this.load({ keepCounts: true });
  }

  /** Load the list again, as much of it as is shown. */
  async load({ keepCounts = false } = {}): Promise<void> {
    const shown = this.base?.query === this.query ? this.base.tasks.length : 0;
    const done = await this.requestList(async (signal) => {
      const { etag, ...page } = await this.pages(0, Math.max(shown, PAGE_SIZE), signal);
      const listing = { query: this.query, ...page };
      const known = keepCounts ? (this.base?.counts ?? null) : null;
      this.base = { ...listing, counts: countsOf(listing) ?? known ?? (await this.askCounts(signal)) };
      this.etag = etag;
    });
    if (!done) return;
    this.hearDeletions();
    this.pump();
  }

  /** Whether there is a list that news can be asked for. */
  get hasState(): boolean {
    return this.base !== null && this.etag !== undefined;
  }

  /**
   * Take in what others have changed, such as the chatbot; says whether the backend answered.
   *
   * Whatever the reader does meanwhile goes before: the next question will find the news, too.
   */
  async look(): Promise<boolean> {
    const { base, etag, query } = this;
    if (Date.now() < this.quietUntil) return true;
    if (!base || etag === undefined || base.query !== query || this.request || this.sending || !this.running)
      return true;
    const current = new AbortController();
    this.question = current;
    const late = () => current.signal.aborted || this.base !== base || this.query !== query || this.sending !== null;
    try {
      const wanted = Math.max(base.tasks.length, PAGE_SIZE);
      const first = await this.options.api.news(query, Math.min(wanted, PAGE_MAX), etag, current.signal);
      if (!first || late()) return true;
      const page = await this.pages(0, wanted, current.signal, first);
      const listing = { query, tasks: page.tasks, total: page.total };
      const counts = countsOf(listing) ?? (await this.askCounts(current.signal));
      if (late()) return true;
      this.etag = first.etag;
      // The reader's own changes are news to the backend's state, not to the page.
      if (JSON.stringify(page.tasks) === JSON.stringify(base.tasks) && page.total === base.total) return true;
      this.base = { ...listing, counts };
      this.said = "The list was changed elsewhere.";
      this.emit();
      return true;
    } catch (error) {
      if (isCancel(error) || current.signal.aborted) return true;
      if (failureOf(error).status === 401) this.options.onExpired();
      return false;
    } finally {
      if (this.question === current) this.question = null;
    }
  }

  async showMore(): Promise<void> {
    const { base } = this;
    if (!base || base.query !== this.query) return;
    await this.requestList(async (signal) => {
      const page = await this.pages(base.tasks.length, PAGE_SIZE, signal);
      const now = this.base ?? base;
      const known = new Set(now.tasks.map(({ id }) => id));
      const tasks = [...now.tasks, ...page.tasks.filter(({ id }) => !known.has(id))];
      this.base = { ...now, tasks, total: page.tasks.length ? page.total : tasks.length };
    });
  }

  /** `first`: the first page, where that has come already. */
  private async pages(from: number, amount: number, signal: AbortSignal, first?: Page): Promise<Page> {
    const tasks: Task[] = [];
    let etag: string | undefined;
    for (;;) {
      const limit = Math.min(amount - tasks.length, PAGE_MAX);
      const known = tasks.length === 0 ? first : undefined;
      const page = known ?? (await this.options.api.list(this.query, limit, from + tasks.length, signal));
      // The oldest state: what the later pages know already is news once more.
      etag = tasks.length === 0 ? page.etag : etag;
      tasks.push(...page.tasks);
      if (tasks.length >= amount || page.tasks.length < limit) return { tasks, total: page.total, etag };
    }
  }

  private async askCounts(signal: AbortSignal) {
    const total = async (status: Query["status"]) =>
      (await this.options.api.list({ ...EVERYTHING, status }, 1, 0, signal)).total;
    const [all, pending] = await Promise.all([total("all"), total("pending")]);
    return { all, pending, completed: all - pending };
  }

  /** Have a list, the only one at a time; says whether it came. */
  private async requestList(ask: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    this.request?.abort();
    this.question?.abort();
    const current = new AbortController();
    this.request = current;
    this.lists += 1;
    this.loading = true;
    this.emit();
    try {
      await ask(current.signal);
      this.failure = null;
      return true;
    } catch (error) {
      if (isCancel(error) || current.signal.aborted) return false;
      const failure = failureOf(error);
      if (failure.status === 401) this.options.onExpired();
      else this.failure = failure;
      return false;
    } finally {
      if (this.request === current) {
        this.request = null;
        this.loading = false;
        this.lists += 1;
        this.emit();
      }
    }
  }

  // ---- changes

  /** `key` is that of a refused attempt with the same text: the backend may have heard it. */
  add(draft: Draft, key = this.newKey()): void {
    this.discard([key]);
    const id = Math.min(0, ...this.changes.map((change) => change.id)) - 1;
    const change: Add = { kind: "add", key, id, progress: "queued", draft };
    this.enqueue(change);
  }

  tick(task: Task): void {
    this.enqueue({
      kind: "tick",
      key: this.newKey(),
      id: task.id,
      progress: "queued",
      before: task,
      completed: !task.completed,
    });
  }

  openEdit(task: Task): void {
    const draft = { title: task.title, description: task.description ?? "", due_date: task.due_date };
    this.setEdits({ ...this.edits, [task.id]: { draft, version: task.version } });
  }

  /** Keep what was typed into a form; the form itself shows it already. */
  keepEdit(id: number, draft: Draft): void {
    const open = this.edits[id];
    if (open) this.options.drafts.write("edits", Object.assign(this.edits, { [id]: { ...open, draft } }));
    this.discardFailedEdit(id);
  }

  closeEdit(id: number): void {
    const { [id]: _closed, ...others } = this.edits;
    this.setEdits(others);
    this.discardFailedEdit(id);
  }

  /** Save what is in the form of `task`, which is shown beside it as it is now. */
  saveEdit(task: Task, draft: Draft): void {
    this.closeEdit(task.id);
    this.enqueue({ kind: "edit", key: this.newKey(), id: task.id, progress: "queued", before: task, draft });
  }

  remove(task: Task): void {
    const change: Delete = { kind: "delete", key: this.newKey(), id: task.id, progress: "held", before: task };
    this.timers.start(change.key);
    this.said = `${task.title} is deleted. Ctrl+Z brings it back.`;
    this.enqueue(change);
  }

  /** Take a deletion back, by default the last one; gives the task's number. */
  undo(key = this.snapshot.held.at(-1)?.key): number | null {
    const change = this.changes.find((one) => one.key === key && one.progress === "held");
    if (!change) return null;
    this.timers.cancel(change.key);
    this.said = `${titleOf(change)} is back.`;
    this.setChanges(this.changes.filter((one) => one !== change));
    return change.id;
  }

  pauseUndo(): void {
    this.timers.pause();
  }
  resumeUndo(): void {
    this.timers.resume();
  }

  /** Send what was refused once more, and the list where that failed. */
  retry(): void {
    const again = this.changes.filter((change) => change.progress === "failed" && isRepeatable(change));
    const edits = { ...this.edits };
    for (const change of again) if (change.kind === "edit") delete edits[change.id];
    this.edits = edits;
    this.options.drafts.write("edits", edits);
    this.setChanges(
      this.changes.map((change) =>
        again.includes(change) ? { ...change, progress: "queued", failure: undefined } : change,
      ),
    );
    if (this.failure) void this.load();
    this.pump();
  }

  /** Let refused changes go; what was typed stays in its form. */
  discard(keys: string[]): void {
    this.drop(
      this.changes.filter(({ key, progress }) => progress === "failed" && keys.includes(key)).map(({ key }) => key),
    );
  }

  /** The network is back, or the reader is. */
  recover(): void {
    this.retry();
    if (!this.failure) void this.load();
  }

  /** The page goes away: what could be undone is final now. */
  leavePage(): void {
    for (const change of this.snapshot.held) {
      if (change.id > 0) this.options.api.removeOnLeaving(change.id, change.before.version);
      this.timers.cancel(change.key);
    }
    this.setChanges(
      this.changes.map((change) =>
        change.kind === "delete" && change.progress === "held" ? { ...change, progress: "queued" } : change,
      ),
    );
  }

  /** The reader signs out: wait until everything that can be sent is. */
  async settle(): Promise<void> {
    // A question that is answered after the sign-out would only be told that nobody is signed in.
    this.question?.abort();
    this.quietUntil = Date.now() + QUIET_MS;
    for (const { key } of this.snapshot.held) this.release(key);
    while (this.running && this.sending) await this.sending;
  }

  // ---- the queue

  private newKey(): string {
    return this.options.newKey?.() ?? newKey();
  }

  private enqueue(change: Change): void {
    if (change.kind === "add") this.rows.set(change.id, change.key);
    this.setChanges([...this.changes, change]);
    this.pump();
  }

  /** Drop the deletions that a page sent before it was left and that were carried out, as the list shows. */
  private hearDeletions(): void {
    const waiting = this.changes.filter(({ key }) => this.unheard.has(key));
    if (waiting.length === 0 || !this.base) return;
    const there = new Set(this.base.tasks.map(({ id }) => id));
    const heard = countsOf(this.base) ? waiting.filter(({ id }) => !there.has(id)) : [];
    this.drop(heard.map(({ key }) => key));
    if (heard.length < waiting.length && !this.lookedTwice) {
      // It may just be under way: to send it once more would be answered with 404.
      this.lookedTwice = true;
      setTimeout(() => this.running && void this.load(), SECOND_LOOK_MS);
    } else {
      this.unheard.clear();
    }
  }

  private drop(keys: string[]): void {
    this.setChanges(this.changes.filter(({ key }) => !keys.includes(key)));
  }

  private release(key: string): void {
    this.timers.cancel(key);
    this.setChanges(
      this.changes.map((change) =>
        change.key === key && change.progress === "held" ? { ...change, progress: "queued" } : change,
      ),
    );
    this.pump();
  }

  /** Changes go one after the other: a task that was just ticked and then deleted must not be ticked last. */
  private pump(): void {
    const next = this.changes.find(({ progress }) => progress === "queued");
    if (!next || this.sending || !this.running) return;
    // The list says whether it is still to be done.
    if (this.unheard.has(next.key)) return;
    this.sending = this.send(next).then((goOn) => {
      this.sending = null;
      if (goOn) this.pump();
    });
  }

  /** Send one change and take in the answer; says whether the next one may be sent. */
  private async send(change: Change): Promise<boolean> {
    const listsBefore = this.request ? -1 : this.lists;
    this.question?.abort();
    try {
      const answer = await this.perform(change);
      if (!this.running) return false;
      if (answer === GONE) this.drop([change.key]);
      else this.confirm(change, answer);
      // A list that was on its way meanwhile may be of before the change, or have it already.
      if (answer === GONE || this.lists !== listsBefore) void this.load();
      return true;
    } catch (error) {
      if (!this.running) return false;
      const failure = failureOf(error);
      if (failure.status === 401) {
        // Still queued: it is sent when the same person has signed in again.
        this.options.onExpired();
        return false;
      }
      this.refuse(change, failure);
      return true;
    }
  }

  private async perform(change: Change): Promise<Task | null | typeof GONE> {
    const { api } = this.options;
    switch (change.kind) {
      case "add":
        return api.create(change.draft, change.key);
      case "tick":
        // Says what to become, so that a second attempt changes nothing; what others wrote meanwhile stays.
        return api.change(change.id, { completed: change.completed });
      case "edit":
        try {
          return await api.change(change.id, change.draft, change.before.version);
        } catch (error) {
          return await this.madeAlready(change.id, change.draft, error);
        }
      case "delete":
        try {
          await api.remove(change.id, change.before.version);
          return null;
        } catch (error) {
          if (failureOf(error).status === 404) return GONE;
          throw error;
        }
    }
  }

  /** A first attempt whose answer was lost makes the second one late: give the task where it is as wanted. */
  private async madeAlready(id: number, { title, description, due_date }: Draft, error: unknown): Promise<Task> {
    if (failureOf(error).status !== 412) throw error;
    const task = await this.options.api.read(id);
    if (task.title === title && (task.description ?? "") === description && task.due_date === due_date) return task;
    throw error;
  }

  private confirm(change: Change, answer: Task | null): void {
    const before = change.kind === "add" ? null : change.before;
    const others = this.changes.filter(({ key }) => key !== change.key);
    if (this.base) this.base = replaced(this.base, before, answer);
    if (change.kind === "add" && answer) {
      this.rows.set(answer.id, change.key);
      this.said = `${answer.title} is added.`;
    } else if (change.kind === "edit") {
      this.said = `${titleOf(change)} is saved.`;
    } else if (change.kind === "tick") {
      this.said = `${titleOf(change)} is ${change.completed ? "completed" : "pending again"}.`;
    }
    this.setChanges(answer ? others.map((other) => following(other, change, answer)) : others);
    const open = this.edits[change.id];
    if (open && answer) {
      const { [change.id]: _renamed, ...rest } = this.edits;
      const version = isNext(open.version, answer) || change.id < 0 ? answer.version : open.version;
      this.setEdits({ ...rest, [answer.id]: { ...open, version } });
    }
  }

  private refuse(change: Change, failure: Failure): void {
    let failed: Change = { ...change, progress: "failed", failure };
    const dependent = this.changes.filter(
      ({ key, id }) => change.kind === "add" && key !== change.key && id === change.id,
    );
    for (const other of dependent) {
      this.timers.cancel(other.key);
      // What was typed last is what is wanted.
      if (other.kind === "edit" && failed.kind === "add") failed = { ...failed, draft: other.draft };
    }
    this.said = "";
    this.setChanges(
      this.changes
        .filter((other) => !dependent.includes(other))
        .map((other) => (other.key === change.key ? failed : other)),
    );
    if (failed.kind === "edit") {
      this.setEdits({ ...this.edits, [failed.id]: { draft: failed.draft, version: failed.before.version } });
    }
    // Somebody else has changed or deleted it: show what there is now.
    if (failure.status === 412 || failure.status === 404) void this.load();
  }

  private discardFailedEdit(id: number): void {
    const keys = this.changes.filter((one) => one.kind === "edit" && one.id === id).map(({ key }) => key);
    if (keys.length > 0) this.discard(keys);
  }

  // ---- what is shown and kept

  private setChanges(changes: Change[]): void {
    this.changes = changes;
    this.options.drafts.write("changes", changes.length ? changes : null);
    this.emit();
  }

  private setEdits(edits: Record<number, OpenEdit>): void {
    this.edits = edits;
    this.options.drafts.write("edits", Object.keys(edits).length ? edits : null);
    this.emit();
  }

  private make(): Snapshot {
    return {
      query: this.query,
      listing: this.base && this.changes.reduce(previewed, this.base),
      loading: this.loading,
      failure: this.failure,
      failed: this.changes.filter(({ progress }) => progress === "failed"),
      adding: this.changes
        .filter(({ kind, progress }) => kind === "add" && progress === "queued")
        .map(({ key }) => key),
      held: this.changes.filter((change): change is Delete => change.kind === "delete" && change.progress === "held"),
      edits: this.edits,
      said: this.said,
    };
  }

  private emit(): void {
    this.snapshot = this.make();
    for (const listener of this.listeners) listener();
  }
}

/** Whether `answer` is the version that directly follows: nobody else has changed the task in between. */
function isNext(version: number | undefined, answer: Task): boolean {
  return version !== undefined && answer.version === version + 1;
}

/** Give a waiting change as it has to be sent after `done`, a change of the same task, was answered. */
function following(waiting: Change, done: Change, answer: Task): Change {
  if (waiting.kind === "add" || waiting.id !== done.id) return waiting;
  const unseen = done.kind !== "add" && !isNext(waiting.before.version, answer);
  const before = unseen ? { ...waiting.before, id: answer.id } : { ...waiting.before, ...answerKeys(answer) };
  return { ...waiting, id: answer.id, before };
}

function answerKeys({ id, version }: Task): Pick<Task, "id" | "version"> {
  return { id, version };
}
