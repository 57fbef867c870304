import { describe, expect, it } from "vitest";
import { countsOf, type Listing, matches, replaced } from "../lib/listing";
import type { Query } from "../lib/tasks";
import { task } from "./tasks";

const ALL: Query = { status: "all", sort: "created", q: "" };

function listing(query: Partial<Query>, ...tasks: Listing["tasks"]): Listing {
  const whole = { query: { ...ALL, ...query }, tasks, total: tasks.length };
  return { ...whole, counts: countsOf(whole) ?? { all: 5, pending: 3, completed: 2 } };
}
const ids = ({ tasks }: Listing) => tasks.map(({ id }) => id);

describe("a new task", () => {
  it("is the first of the newest, also while it has no number", () => {
    const after = replaced(listing({}, task(2), task(1)), null, task(-1));
    expect([ids(after), after.total, after.counts]).toEqual([[-1, 2, 1], 3, { all: 3, pending: 3, completed: 0 }]);
    expect(ids(replaced(after, null, task(-2)))).toEqual([-2, -1, 2, 1]);
  });

  it("stands where its title or its date puts it", () => {
    const byTitle = listing({ sort: "title" }, task(1, { title: "apple" }), task(2, { title: "Cherry" }));
    expect(ids(replaced(byTitle, null, task(3, { title: "Banana" })))).toEqual([1, 3, 2]);
    const byDate = listing({ sort: "due_date" }, task(1, { due_date: "2026-01-02" }), task(2));
    expect(ids(replaced(byDate, null, task(3, { due_date: "2026-01-01" })))).toEqual([3, 1, 2]);
    expect(ids(replaced(byDate, null, task(3)))).toEqual([1, 2, 3]);
  });

  it("is counted, but not shown where it does not match or lies on a later page", () => {
    const done = replaced(listing({ status: "completed" }), null, task(9));
    expect([ids(done), done.total, done.counts]).toEqual([[], 0, { all: 6, pending: 4, completed: 2 }]);
    const part = { ...listing({ sort: "title" }, task(1, { title: "a" })), total: 4 };
    const after = replaced(part, null, task(9, { title: "z" }));
    expect([ids(after), after.total]).toEqual([[1], 5]);
  });

  it("is not counted twice where the list has it already", () => {
    const after = replaced(listing({}, task(3), task(1)), null, task(3, { title: "New" }));
    expect([ids(after), after.total, after.counts?.all]).toEqual([[3, 1], 2, 2]);
  });
});

describe("a changed task", () => {
  it("stays in its place unless the order says otherwise", () => {
    const list = listing({ sort: "title" }, task(1, { title: "a" }), task(2, { title: "b" }), task(3, { title: "c" }));
    const after = replaced(list, task(2, { title: "b" }), task(2, { title: "b", completed: true }));
    expect([ids(after), after.counts]).toEqual([[1, 2, 3], { all: 3, pending: 2, completed: 1 }]);
    expect(ids(replaced(list, task(1, { title: "a" }), task(1, { title: "d" })))).toEqual([2, 3, 1]);
  });

  it("leaves a list that it no longer matches", () => {
    const after = replaced(listing({ status: "pending" }, task(2), task(1)), task(2), task(2, { completed: true }));
    expect([ids(after), after.total, after.counts]).toEqual([[1], 1, { all: 5, pending: 2, completed: 3 }]);
  });

  it("is counted where the list does not show it", () => {
    const list = listing({ status: "completed" }, task(7, { completed: true }));
    const after = replaced(list, task(2), null);
    expect([ids(after), after.total, after.counts]).toEqual([[7], 1, { all: 4, pending: 2, completed: 2 }]);
  });
});

it.each([
  [{ q: "MILK" }, { title: "Buy milk" }, true],
  [{ q: "shop" }, { description: "at the Shop" }, true],
  [{ q: "shop" }, { title: "Buy milk" }, false],
  [{ status: "pending" as const }, { completed: true }, false],
  [{ status: "completed" as const }, { completed: true }, true],
])("matches %j with %j: %s", (query, values, expected) => {
  expect(matches(task(1, values), { ...ALL, ...query })).toBe(expected);
});
