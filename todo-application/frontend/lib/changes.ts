/** What the reader did and the backend has not confirmed yet. Pure functions. */
import type { Failure } from "@todo/shared/client/api";
import { type Listing, replaced } from "./listing";
import type { Draft, Task } from "./tasks";

/** held: may still be undone; queued: to be sent, or under way; failed: refused, and taken back in the list. */
export type Progress = "held" | "queued" | "failed";

interface Common {
  /** Names the change; for a new task also the Idempotency-Key of every attempt. */
  key: string;
  /** The task's number; negative for one that has none yet. */
  id: number;
  progress: Progress;
  failure?: Failure;
}

export interface Add extends Common {
  kind: "add";
  draft: Draft;
}
export interface Edit extends Common {
  kind: "edit";
  before: Task;
  draft: Draft;
}
export interface Tick extends Common {
  kind: "tick";
  before: Task;
  completed: boolean;
}
export interface Delete extends Common {
  kind: "delete";
  before: Task;
}
export type Change = Add | Edit | Tick | Delete;

export function titleOf(change: Change): string {
  return change.kind === "add" ? change.draft.title : change.before.title;
}

/** Give the task as it is once the change is made, or null where it is gone then. */
function outcome(change: Change): Task | null {
  switch (change.kind) {
    case "add":
      return { id: change.id, ...change.draft, completed: false, created_at: "", updated_at: "" };
    case "edit":
      return { ...change.before, ...change.draft };
    case "tick":
      return { ...change.before, completed: change.completed };
    case "delete":
      return null;
  }
}

/** Give the list as if the change had been made. */
export function previewed(listing: Listing, change: Change): Listing {
  if (change.progress === "failed") return listing;
  if (change.kind === "add") return replaced(listing, null, outcome(change));
  // What the list holds may be newer than what the reader saw when changing it.
  const current = listing.tasks.find(({ id }) => id === change.id);
  return replaced(listing, change.before, outcome(current ? { ...change, before: current } : change));
}

const REFUSED: Record<Change["kind"], string> = {
  add: "was not added",
  edit: "was not saved",
  tick: "was not changed",
  delete: "was not deleted",
};

/** Say which change was refused: “Buy milk” was not added. */
export function refusal(change: Change): string {
  return `“${titleOf(change)}” ${REFUSED[change.kind]}.`;
}

/** Whether sending the same again can help. */
export function isRepeatable({ failure }: Change): boolean {
  const status = failure?.status ?? null;
  return status === null || status >= 500 || status === 408 || status === 425 || status === 429;
}
