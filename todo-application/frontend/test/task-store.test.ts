import type { Drafts } from "@todo/shared/client/drafts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EVERYTHING, TaskStore, UNDO_MS } from "../lib/task-store";
import { FakeBackend, refusal, task } from "./tasks";

const draft = (title: string) => ({ title, description: "", due_date: null });
let kept: Record<string, string>;
let expired: number;
let keys = 0;

/** Keeps what it is given as text, as a browser does. */
const drafts: Drafts = {
  read: (name) => JSON.parse(kept[name] ?? "null"),
  write: (name, value) => {
    kept[name] = JSON.stringify(value);
  },
};

beforeEach(() => {
  kept = {};
  expired = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Let everything happen that needs no time. */
const settled = () => vi.advanceTimersByTimeAsync(0);

async function open(backend: FakeBackend): Promise<TaskStore> {
  const store = new TaskStore({ api: backend.api, drafts, onExpired: () => expired++, newKey: () => `key-${++keys}` });
  store.start();
  await settled();
  backend.asked.length = 0;
  return store;
}

function titles(store: TaskStore): string[] | undefined {
  return store.getSnapshot().listing?.tasks.map(({ title }) => title);
}
function shown(store: TaskStore, id: number) {
  const found = store.getSnapshot().listing?.tasks.find((one) => one.id === id);
  if (!found) throw new Error(`task ${id} is not shown`);
  return found;
}
const counts = (store: TaskStore) => store.getSnapshot().listing?.counts;

describe("a change shows at once, and is confirmed without loading the list again", () => {
  it.each<[string, (store: TaskStore) => void, string[], object, string[]]>([
    ["add", (store) => store.add(draft("New")), ["New", "Two", "One"], { all: 3, pending: 2 }, ["POST New"]],
    ["tick", (store) => store.tick(shown(store, 1)), ["Two", "One"], { all: 2, pending: 0 }, ["PATCH 1"]],
    ["edit", (store) => store.saveEdit(shown(store, 1), draft("Uno")), ["Two", "Uno"], { all: 2 }, ["PATCH 1"]],
  ])("%s", async (_name, change, after, expected, asked) => {
    const backend = new FakeBackend(task(1, { title: "One" }), task(2, { title: "Two", completed: true }));
    const store = await open(backend);
    backend.hold();
    change(store);
    expect(titles(store)).toEqual(after);
    expect(counts(store)).toMatchObject(expected);
    backend.release();
    await settled();
    expect(titles(store)).toEqual(after);
    expect(counts(store)).toMatchObject(expected);
    expect(backend.asked).toEqual(asked);
    expect(kept.changes).toBe("null");
    await store.load();
    expect(titles(store)).toEqual(after);
  });
});

describe("a refused change is taken back, said and kept for another attempt", () => {
  it("add: sent again with the same key, it makes one task", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    backend.faults = [refusal(503)];
    store.add(draft("New"));
    await settled();
    expect(titles(store)).toEqual(["Task 1"]);
    expect(counts(store)).toMatchObject({ all: 1 });
    expect(store.getSnapshot().failed).toMatchObject([{ kind: "add", draft: draft("New"), failure: { status: 503 } }]);
    store.retry();
    expect(titles(store)).toEqual(["New", "Task 1"]);
    await settled();
    expect(store.getSnapshot().failed).toEqual([]);
    expect(new Set(backend.keys).size).toBe(1);
    expect([backend.keys.length, backend.tasks.size]).toEqual([2, 2]);
  });

  it("tick", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    backend.faults = [refusal()];
    store.tick(shown(store, 1));
    expect(shown(store, 1).completed).toBe(true);
    await settled();
    expect(shown(store, 1).completed).toBe(false);
    expect(counts(store)).toMatchObject({ pending: 1, completed: 0 });
    store.retry();
    await settled();
    expect(backend.tasks.get(1)?.completed).toBe(true);
  });

  it("edit: its form is open again with what was typed", async () => {
    const backend = new FakeBackend(task(1, { title: "Old" }));
    const store = await open(backend);
    store.openEdit(shown(store, 1));
    store.keepEdit(1, draft("Newer"));
    backend.faults = [refusal(503)];
    store.saveEdit(shown(store, 1), draft("Newer"));
    expect(store.getSnapshot().edits).toEqual({});
    await settled();
    expect(titles(store)).toEqual(["Old"]);
    expect(store.getSnapshot().edits[1]?.draft.title).toBe("Newer");
    // Another text: the refused attempt is no longer what is wanted.
    store.keepEdit(1, draft("Newest"));
    expect(store.getSnapshot().failed).toEqual([]);
    expect(store.getSnapshot().edits[1]?.draft.title).toBe("Newest");
  });

  it("delete: the task is there again", async () => {
    const backend = new FakeBackend(task(2), task(1));
    const store = await open(backend);
    backend.faults = [refusal(503)];
    store.remove(shown(store, 1));
    expect(titles(store)).toEqual(["Task 2"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(titles(store)).toEqual(["Task 2", "Task 1"]);
    expect(store.getSnapshot().failed).toMatchObject([{ kind: "delete", id: 1 }]);
  });

  it("a task that was never added takes what was done to it along", async () => {
    const backend = new FakeBackend();
    const store = await open(backend);
    backend.hold();
    backend.faults = [refusal(503)];
    store.add(draft("New"));
    store.tick(shown(store, -1));
    store.saveEdit(shown(store, -1), draft("Better"));
    backend.release();
    await settled();
    expect(backend.asked).toEqual(["POST New"]);
    expect(store.getSnapshot().failed).toMatchObject([{ kind: "add", draft: { title: "Better" } }]);
    expect(titles(store)).toEqual([]);
  });

  it("is let go when the reader says so", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    backend.faults = [refusal(422)];
    store.tick(shown(store, 1));
    await settled();
    store.retry();
    expect(store.getSnapshot().failed).toHaveLength(1); // 422: the same would be refused again
    store.discard(store.getSnapshot().failed.map(({ key }) => key));
    expect([store.getSnapshot().failed, kept.changes]).toEqual([[], "null"]);
  });
});

describe("deleting", () => {
  it("asks the backend only when it can no longer be undone", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    store.remove(shown(store, 1));
    await vi.advanceTimersByTimeAsync(UNDO_MS - 1);
    expect([titles(store), backend.asked]).toEqual([[], []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([titles(store), backend.asked, store.getSnapshot().held]).toEqual([[], ["DELETE 1"], []]);
  });

  it("is undone one by one, the last first, with nothing asked", async () => {
    const backend = new FakeBackend(task(1), task(2), task(3));
    const store = await open(backend);
    for (const id of [1, 2, 3]) store.remove(shown(store, id));
    expect(store.getSnapshot().held.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(store.undo()).toBe(3);
    expect(store.undo(store.getSnapshot().held[0]?.key)).toBe(1);
    expect(titles(store)).toEqual(["Task 3", "Task 1"]);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(backend.asked).toEqual(["DELETE 2"]);
    expect(store.undo()).toBeNull();
  });

  it("waits while the reader looks at the offer", async () => {
    const backend = new FakeBackend(task(1), task(2));
    const store = await open(backend);
    store.remove(shown(store, 1));
    await vi.advanceTimersByTimeAsync(UNDO_MS - 100);
    store.pauseUndo();
    store.remove(shown(store, 2));
    await vi.advanceTimersByTimeAsync(10 * UNDO_MS);
    expect(store.getSnapshot().held).toHaveLength(2);
    store.resumeUndo();
    await vi.advanceTimersByTimeAsync(2_900);
    expect(store.getSnapshot().held).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(backend.asked).toEqual(["DELETE 1", "DELETE 2"]);
  });

  it("is final when the page is left, and not lost when the request is", async () => {
    const backend = new FakeBackend(task(1), task(2));
    const first = await open(backend);
    first.remove(shown(first, 1));
    first.stop();
    first.leavePage();
    expect(backend.asked).toEqual(["DELETE 1 on leaving"]);
    backend.tasks.set(1, task(1, { version: 1 }));
    const second = await open(backend);
    expect(titles(second)).toEqual(["Task 2"]);
    // It may still be on its way; only when the list has it a second later, it is sent again.
    expect(backend.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(backend.asked).toEqual(["GET", "DELETE 1"]);
    expect(backend.tasks.has(1)).toBe(false);
    expect(second.getSnapshot().failed).toEqual([]);
    // One that was heard is not sent again.
    second.remove(shown(second, 2));
    second.stop();
    second.leavePage();
    const third = await open(backend);
    await settled();
    expect([titles(third), counts(third), backend.asked]).toEqual([[], { all: 0, pending: 0, completed: 0 }, []]);
  });

  it("of what is gone already is as good", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    store.remove(shown(store, 1));
    backend.tasks.clear();
    // The list that comes knows it already, and must not be counted down for it.
    store.setQuery({ ...EVERYTHING, q: "nothing" });
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect([store.getSnapshot().failed, counts(store)]).toEqual([[], { all: 0, pending: 0, completed: 0 }]);
  });

  it("is sent before a sign-out", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    store.remove(shown(store, 1));
    await store.settle();
    expect(backend.tasks.size).toBe(0);
  });
});

describe("what others change meanwhile", () => {
  it("is not overwritten: the text stays, the list shows what there is", async () => {
    const backend = new FakeBackend(task(1, { title: "Old" }));
    const store = await open(backend);
    store.openEdit(shown(store, 1));
    backend.tasks.set(1, task(1, { title: "Theirs", version: 2 }));
    store.saveEdit(shown(store, 1), draft("Mine"));
    await settled();
    expect(titles(store)).toEqual(["Theirs"]);
    expect(store.getSnapshot().edits[1]).toEqual({ draft: draft("Mine"), version: 1 });
    // Having seen it, the reader saves again.
    store.saveEdit(shown(store, 1), draft("Mine"));
    await settled();
    expect([backend.tasks.get(1)?.title, store.getSnapshot().failed]).toEqual(["Mine", []]);
  });

  it("keeps a task from being deleted unseen", async () => {
    const backend = new FakeBackend(task(1, { title: "Old" }));
    const store = await open(backend);
    store.remove(shown(store, 1));
    backend.tasks.set(1, task(1, { title: "Theirs", version: 2 }));
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(titles(store)).toEqual(["Theirs"]);
    expect(store.getSnapshot().failed).toMatchObject([{ kind: "delete", failure: { status: 412 } }]);
  });

  it("is not the reader's own last change", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    backend.hold();
    store.openEdit(shown(store, 1));
    store.tick(shown(store, 1));
    store.saveEdit(shown(store, 1), draft("Edited"));
    store.remove(shown(store, 1));
    backend.release();
    await vi.advanceTimersByTimeAsync(UNDO_MS);
    expect(backend.asked.filter((one) => one !== "GET")).toEqual(["PATCH 1", "PATCH 1", "DELETE 1"]);
    expect([store.getSnapshot().failed, backend.tasks.size]).toEqual([[], 0]);
  });

  it("nor a first attempt whose answer was lost", async () => {
    const backend = new FakeBackend(task(1, { title: "Old" }));
    const store = await open(backend);
    backend.faults = [refusal(504)];
    store.saveEdit(shown(store, 1), draft("New"));
    await settled();
    backend.tasks.set(1, task(1, { title: "New", version: 2 }));
    store.retry();
    await settled();
    expect([titles(store), store.getSnapshot().failed]).toEqual([["New"], []]);
  });

  it("works with a backend that gives no versions", async () => {
    const backend = new FakeBackend(task(1, { version: undefined }));
    backend.tasks.set(1, task(1));
    const store = await open(backend);
    const change = vi.spyOn(backend.api, "change");
    store.saveEdit(shown(store, 1), draft("New"));
    await settled();
    expect(change).toHaveBeenCalledWith(1, draft("New"), undefined);
    expect(titles(store)).toEqual(["New"]);
  });
});

describe("the queue", () => {
  it("sends one change after the other, and each task's number as soon as it is known", async () => {
    const backend = new FakeBackend(task(4));
    const store = await open(backend);
    backend.hold();
    store.add(draft("New"));
    const row = store.rowOf(-1);
    store.tick(shown(store, -1));
    await settled();
    expect(backend.asked).toEqual(["POST New"]);
    backend.release();
    await settled();
    expect(backend.asked).toEqual(["POST New", "PATCH 5"]);
    expect([shown(store, 5).completed, store.rowOf(5)]).toEqual([true, row]);
  });

  it("loads the list once more where one was on its way", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    backend.hold();
    store.add(draft("New"));
    await store.load();
    backend.release();
    await settled();
    expect(backend.asked).toEqual(["POST New", "GET", "GET"]);
    expect([titles(store), counts(store)?.all]).toEqual([["New", "Task 1"], 2]);
  });
});

describe("an ended session and a reload", () => {
  it("keep what is not confirmed, and it is sent when the same person is back", async () => {
    const backend = new FakeBackend(task(1));
    const first = await open(backend);
    backend.faults = [refusal(401)];
    first.add(draft("Too late"));
    first.tick(shown(first, 1));
    await settled();
    expect([expired, backend.asked]).toEqual([1, ["POST Too late"]]);
    first.stop();
    const second = await open(backend);
    await settled();
    expect(titles(second)).toEqual(["Too late", "Task 1"]);
    expect([backend.tasks.size, backend.tasks.get(1)?.completed, new Set(backend.keys).size]).toEqual([2, true, 1]);
  });

  it("keep open forms and refused changes", async () => {
    const backend = new FakeBackend(task(1));
    const first = await open(backend);
    first.openEdit(shown(first, 1));
    first.keepEdit(1, draft("Half-writ"));
    backend.faults = [refusal(503)];
    first.add(draft("New"));
    await settled();
    first.stop();
    const second = await open(backend);
    expect(second.getSnapshot().edits[1]?.draft.title).toBe("Half-writ");
    expect(second.getSnapshot().failed).toMatchObject([{ draft: { title: "New" } }]);
    second.recover();
    await settled();
    expect(titles(second)).toEqual(["New", "Task 1"]);
  });
});

describe("the list", () => {
  it("keeps the former tasks while another query loads, and an open form over it", async () => {
    const backend = new FakeBackend(task(1), task(2, { completed: true }));
    const store = await open(backend);
    store.openEdit(shown(store, 1));
    store.keepEdit(1, draft("Typed"));
    store.setQuery({ ...EVERYTHING, status: "completed" });
    expect(titles(store)).toHaveLength(2);
    await settled();
    expect([titles(store), counts(store)]).toEqual([["Task 2"], { all: 2, pending: 1, completed: 1 }]);
    expect(backend.asked).toEqual(["GET"]);
    store.setQuery(EVERYTHING);
    await settled();
    expect(store.getSnapshot().edits[1]?.draft.title).toBe("Typed");
  });

  it("says why it could not be loaded, and is there again once it can", async () => {
    const backend = new FakeBackend(task(1));
    backend.listFault = refusal(503);
    const store = await open(backend);
    expect(store.getSnapshot()).toMatchObject({ listing: null, failure: { status: 503 }, loading: false });
    backend.listFault = null;
    store.recover();
    await settled();
    expect([titles(store), store.getSnapshot().failure]).toEqual([["Task 1"], null]);
  });

  it("shows page after page, as many as there are", async () => {
    const backend = new FakeBackend(...Array.from({ length: 720 }, (_, index) => task(index + 1)));
    const store = await open(backend);
    expect(counts(store)?.all).toBe(720);
    while ((titles(store)?.length ?? 0) < 720) {
      const before = titles(store)?.length ?? 0;
      await store.showMore();
      expect(titles(store)?.length).toBeGreaterThan(before);
    }
    expect(new Set(titles(store)).size).toBe(720);
    // All of it is there after a change, and after loading again.
    store.tick(shown(store, 1));
    await settled();
    await store.load();
    expect(titles(store)).toHaveLength(720);
  });
});
