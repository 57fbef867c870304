/** What was said and done in a conversation, kept right by a stream's events. Pure functions. */
import { type Item, isShown, type Step, type StreamEvent, textOf } from "./protocol";

/** Give `items` with `item` at the place of the one with its id, or at the end. */
function put(items: Item[], item: Item): Item[] {
  return items.some(({ id }) => id === item.id)
    ? items.map((known) => (known.id === item.id ? item : known))
    : [...items, item];
}

function setAt<T>(list: T[], index: number, value: T): T[] {
  const copy = [...list];
  copy[Math.min(index, list.length)] = value;
  return copy;
}

type Update = Extract<StreamEvent, { type: "thread.item.updated" }>["update"];

function updated(item: Item, update: Update): Item {
  if (item.type === "assistant_message") {
    const before = item.content[("content_index" in update && update.content_index) || 0]?.text ?? "";
    switch (update.type) {
      case "assistant_message.content_part.text_delta":
        return { ...item, content: setAt(item.content, update.content_index, { text: before + update.delta }) };
      case "assistant_message.content_part.added":
      case "assistant_message.content_part.done":
        return { ...item, content: setAt(item.content, update.content_index, update.content) };
    }
  }
  if (item.type === "workflow" && (update.type === "workflow.task.added" || update.type === "workflow.task.updated")) {
    return { ...item, workflow: { tasks: setAt(item.workflow.tasks, update.task_index, update.task) } };
  }
  return item;
}

/** Give the items after an event; what an event says about other things, or about items not known here, is ignored. */
export function applied(items: Item[], event: StreamEvent): Item[] {
  switch (event.type) {
    case "thread.item.added":
    case "thread.item.done":
    case "thread.item.replaced":
      return isShown(event.item) ? put(items, event.item) : items;
    case "thread.item.updated":
      return items.map((item) => (item.id === event.item_id ? updated(item, event.update) : item));
    case "thread.item.removed":
      return items.filter(({ id }) => id !== event.item_id);
    default:
      return items;
  }
}

/** A message of the reader, or all that the assistant did and said until the next one. */
export type Entry =
  | { role: "user"; id: string; text: string }
  | { role: "assistant"; id: string; steps: Step[]; text: string };

/** Give what there is to show, in order; an answer that has nothing yet is left out. */
export function entriesOf(items: Item[]): Entry[] {
  const entries: Entry[] = [];
  for (const item of items) {
    if (item.type === "user_message") {
      entries.push({ role: "user", id: item.id, text: textOf(item) });
      continue;
    }
    const steps = item.type === "workflow" ? item.workflow.tasks.filter(({ title }) => title) : [];
    const text = item.type === "assistant_message" ? textOf(item) : "";
    if (steps.length === 0 && !text) continue;
    const last = entries.at(-1);
    if (last?.role !== "assistant") {
      entries.push({ role: "assistant", id: item.id, steps, text });
    } else {
      last.steps = [...last.steps, ...steps];
      last.text = [last.text, text].filter(Boolean).join("\n\n");
    }
  }
  return entries;
}

/** Give the items as they stay when nothing more comes: what was under way is so no longer. */
export function brokenOff(items: Item[]): Item[] {
  return items.map((item) =>
    item.type === "workflow" && item.workflow.tasks.some((step) => step.status_indicator === "loading")
      ? {
          ...item,
          workflow: {
            tasks: item.workflow.tasks.map((step) =>
              step.status_indicator === "loading" ? { ...step, status_indicator: "none" } : step,
            ),
          },
        }
      : item,
  );
}
