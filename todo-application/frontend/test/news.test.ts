import type { Drafts } from "@todo/shared/client/drafts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NEWS_MS, NewsTimer } from "../lib/news";
import { EVERYTHING, TaskStore } from "../lib/task-store";
import { FakeBackend, refusal, task } from "./tasks";

const drafts: Drafts = { read: () => null, write: () => {} };
let expired = 0;
let keys = 0;

async function open(backend: FakeBackend): Promise<TaskStore> {
  const store = new TaskStore({ api: backend.api, drafts, onExpired: () => expired++, newKey: () => `key-${++keys}` });
  store.start();
  await settled();
  backend.asked.length = 0;
  return store;
}

const settled = () => vi.advanceTimersByTimeAsync(0);
const titles = (store: TaskStore) => store.getSnapshot().listing?.tasks.map(({ title }) => title);

beforeEach(() => {
  expired = 0;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Somebody else adds, changes or removes a task. */
function elsewhere(backend: FakeBackend, id: number, title: string | null): void {
  const version = (backend.tasks.get(id)?.version ?? 0) + 1;
  if (title === null) backend.tasks.delete(id);
  else backend.tasks.set(id, task(id, { title, version }));
}

describe("looking for news", () => {
  it("shows what was changed elsewhere, and says so", async () => {
    const backend = new FakeBackend(task(1, { title: "One" }), task(2, { title: "Two" }));
    const store = await open(backend);
    elsewhere(backend, 3, "Three");
    elsewhere(backend, 2, "Deux");
    elsewhere(backend, 1, null);
    expect(await store.look()).toBe(true);
    expect(titles(store)).toEqual(["Three", "Deux"]);
    expect(store.getSnapshot()).toMatchObject({
      loading: false,
      said: "The list was changed elsewhere.",
      listing: { total: 2, counts: { all: 2, pending: 2 } },
    });
    expect(backend.asked).toEqual(["news"]);
  });

  it("changes nothing while nothing has changed", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    const before = store.getSnapshot();
    expect(await store.look()).toBe(true);
    expect(store.getSnapshot()).toBe(before);
  });

  it("does not take the reader's own changes for news", async () => {
    const backend = new FakeBackend(task(1, { title: "One" }));
    const store = await open(backend);
    store.add({ title: "Two", description: "", due_date: null });
    await settled();
    const before = store.getSnapshot();
    await store.look();
    await store.look();
    expect(store.getSnapshot()).toBe(before);
    expect(backend.asked).toEqual(["POST Two", "news", "news"]);
  });

  it("loads as many pages as are shown, and the counts of a filtered list", async () => {
    const backend = new FakeBackend(...Array.from({ length: 130 }, (_, index) => task(index + 1)));
    const store = await open(backend);
    await store.showMore();
    elsewhere(backend, 1, "Changed");
    await store.look();
    expect(titles(store)).toHaveLength(130);
    expect(titles(store)?.at(-1)).toBe("Changed");
    store.setQuery({ ...EVERYTHING, q: "Changed" });
    await settled();
    elsewhere(backend, 2, "Changed, too");
    await store.look();
    expect(store.getSnapshot().listing).toMatchObject({ total: 2, counts: { all: 130 } });
  });

  it("leaves a change on its way, a deletion that can be undone and an open form alone", async () => {
    const backend = new FakeBackend(task(1, { title: "One" }), task(2, { title: "Two" }), task(3, { title: "Three" }));
    const store = await open(backend);
    const shown = (id: number) => store.getSnapshot().listing?.tasks.find((one) => one.id === id) ?? task(0);
    store.openEdit(shown(1));
    store.keepEdit(1, { title: "Mine", description: "", due_date: null });
    store.remove(shown(2));
    elsewhere(backend, 1, "Uno");
    elsewhere(backend, 2, "Due");
    await store.look();
    expect(titles(store)).toEqual(["Three", "Uno"]);
    expect(store.getSnapshot().edits[1]).toMatchObject({ draft: { title: "Mine" }, version: 1 });
    expect(store.getSnapshot().held).toHaveLength(1);

    backend.hold();
    store.tick(shown(3));
    backend.asked.length = 0;
    elsewhere(backend, 1, "Ein");
    expect(await store.look()).toBe(true);
    expect(backend.asked).toEqual([]);
    expect(shown(3).completed).toBe(true);
    backend.release();
    await settled();
    await store.look();
    expect(shown(3).completed).toBe(true);
    expect(titles(store)).toEqual(["Three", "Ein"]);
  });

  it("throws an answer away that is older than a change of the reader's", async () => {
    const backend = new FakeBackend(task(1, { title: "One" }));
    const store = await open(backend);
    elsewhere(backend, 1, "Uno");
    backend.slowNews = true;
    const looking = store.look();
    store.tick(store.getSnapshot().listing?.tasks[0] ?? task(0));
    await settled();
    expect(store.getSnapshot().listing?.tasks[0]).toMatchObject({ completed: true });
    backend.release();
    await looking;
    expect(store.getSnapshot().listing?.tasks[0]).toMatchObject({ completed: true });
  });

  it("gives way to a change that begins meanwhile", async () => {
    const backend = new FakeBackend(task(1, { title: "One" }));
    const store = await open(backend);
    elsewhere(backend, 1, "Uno");
    const looking = store.look();
    store.tick(task(1, { title: "One", version: 1 }));
    await looking;
    await settled();
    // No list of before the tick, and no third request for it.
    expect(store.getSnapshot().listing?.tasks[0]?.completed).toBe(true);
    expect(backend.asked.filter((name) => name === "GET")).toEqual([]);
  });

  it("hears of an ended session, and keeps quiet about a backend that is away", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    backend.listFault = refusal(503);
    expect(await store.look()).toBe(false);
    expect(store.getSnapshot().failure).toBeNull();
    backend.listFault = refusal(401);
    await store.look();
    expect(expired).toBe(1);
  });

  it("asks nothing while the reader signs out, and goes on where that fails", async () => {
    const backend = new FakeBackend(task(1));
    const store = await open(backend);
    await store.settle();
    await store.look();
    expect(backend.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(60_000);
    await store.look();
    expect(backend.asked).toEqual(["news"]);
  });

  it("asks nothing of a backend that names no state", async () => {
    const backend = new FakeBackend(task(1));
    backend.tags = false;
    const store = await open(backend);
    expect(store.hasState).toBe(false);
    await store.look();
    expect(backend.asked).toEqual([]);
  });
});

describe("NewsTimer", () => {
  function counting() {
    const state = { asked: 0, answer: true };
    const timer = new NewsTimer(async () => {
      state.asked += 1;
      return state.answer;
    });
    return { state, timer };
  }

  it("asks in time for 2 s, and not while it is stopped", async () => {
    expect(NEWS_MS).toBeLessThan(2_000);
    const { state, timer } = counting();
    timer.start();
    await vi.advanceTimersByTimeAsync(4 * NEWS_MS);
    expect(state.asked).toBe(4);
    timer.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state.asked).toBe(4);
    timer.resume();
    await settled();
    expect(state.asked).toBe(5);
    await vi.advanceTimersByTimeAsync(NEWS_MS);
    expect(state.asked).toBe(6);
  });

  it("asks less and less while nobody answers, and as before when somebody does", async () => {
    const { state, timer } = counting();
    state.answer = false;
    timer.start();
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(state.asked).toBeLessThan(30);
    state.answer = true;
    await vi.advanceTimersByTimeAsync(30_000);
    const before = state.asked;
    await vi.advanceTimersByTimeAsync(2 * NEWS_MS);
    expect(state.asked).toBeGreaterThanOrEqual(before + 1);
    timer.stop();
  });
});
