/** A list of tasks as the backend would give it, kept right without asking again. Pure functions. */
import type { Counts, Query, Task } from "./tasks";

export interface Listing {
  /** What the list was asked for. */
  query: Query;
  tasks: Task[];
  /** How many match the query; more than `tasks` has while pages are left. */
  total: number;
  counts: Counts | null;
}

/** Whether the backend would put the task into the query's list. */
export function matches(task: Task, { status, q }: Query): boolean {
  if (status !== "all" && task.completed !== (status === "completed")) return false;
  const needle = q.trim().toLowerCase();
  return !needle || [task.title, task.description ?? ""].some((text) => text.toLowerCase().includes(needle));
}

/** Tasks that the backend has not numbered yet count from -1 down; they are the newest. */
function age(id: number): number {
  return id < 0 ? 2 ** 40 - id : id;
}

/** Compare two tasks in the backend's order. */
export function compare(one: Task, other: Task, sort: Query["sort"]): number {
  if (sort === "created") return age(other.id) - age(one.id);
  const byKey =
    sort === "title"
      ? one.title.toLowerCase().localeCompare(other.title.toLowerCase())
      : (one.due_date ?? "9999-99-99").localeCompare(other.due_date ?? "9999-99-99");
  return byKey || age(one.id) - age(other.id);
}

function counted(counts: Counts | null, task: Task | null, by: 1 | -1): Counts | null {
  if (!counts || !task) return counts;
  const status = task.completed ? "completed" : "pending";
  return { ...counts, all: counts.all + by, [status]: counts[status] + by };
}

/** Put `task` where the query's order wants it, or leave it out where it lies beyond the pages that are here. */
function inserted(listing: Listing, tasks: Task[], task: Task, here: boolean): Task[] {
  const found = tasks.findIndex((other) => compare(task, other, listing.query.sort) < 0);
  const index = found === -1 ? tasks.length : found;
  if (index === tasks.length && !here && listing.tasks.length < listing.total) return tasks;
  return [...tasks.slice(0, index), task, ...tasks.slice(index)];
}

/**
 * Give the list after `before` became `after`; null stands for a task that is not there.
 *
 * A list that knows of the change already stays right: what it holds itself counts, not `before`.
 */
export function replaced(listing: Listing, before: Task | null, after: Task | null): Listing {
  const id = (after ?? before)?.id;
  const current = listing.tasks.find((task) => task.id === id) ?? null;
  const was = current ?? before;
  const matched = was !== null && (current !== null || matches(was, listing.query));
  const fits = after !== null && matches(after, listing.query);

  let tasks = listing.tasks;
  if (after && fits && current && compare(current, after, listing.query.sort) === 0) {
    tasks = tasks.map((task) => (task === current ? after : task));
  } else {
    if (current) tasks = tasks.filter((task) => task !== current);
    if (after && fits) tasks = inserted(listing, tasks, after, current !== null);
  }
  return {
    ...listing,
    tasks,
    total: listing.total + Number(fits) - Number(matched),
    counts: counted(counted(listing.counts, was, -1), after, 1),
  };
}

/** Give the counts where the list itself has them: everything was asked for and is here. */
export function countsOf({ query, tasks, total }: Omit<Listing, "counts">): Counts | null {
  if (query.status !== "all" || query.q || tasks.length < total) return null;
  const completed = tasks.filter((task) => task.completed).length;
  return { all: total, pending: total - completed, completed };
}
