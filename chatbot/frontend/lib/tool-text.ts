import type { ToolCall } from "./chat";

const VERBS: Record<string, { done: string; failed: string }> = {
  add_task: { done: "Added a task", failed: "Adding a task failed" },
  list_tasks: { done: "Looked at the tasks", failed: "Looking at the tasks failed" },
  complete_task: { done: "Completed a task", failed: "Completing a task failed" },
  delete_task: { done: "Deleted a task", failed: "Deleting a task failed" },
  update_task: { done: "Changed a task", failed: "Changing a task failed" },
};

/** Give the value under `key` where `value` is an object that has it. */
function entry(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** Give a tool call in the reader's words; a tool that is not known here keeps its own name. */
export function toolSummary({ name, arguments: given, result }: ToolCall): string {
  const failed = entry(result, "error") !== undefined;
  const words = VERBS[name];
  let verb = words ? (failed ? words.failed : words.done) : name;
  if (name === "complete_task" && given.completed === false && !failed) verb = "Opened a task again";
  const id = given.task_id ?? entry(result, "id");
  const title = entry(result, "title") ?? given.title;
  const subject = [typeof id === "number" && `#${id}`, typeof title === "string" && title].filter(Boolean).join(" ");
  return subject ? `${verb}: ${subject}` : verb;
}

/** Give a value of a tool call to read in full: text as it is, everything else as JSON. */
export function toolValue(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "");
}

/** Say who answers, from the assistant's name: "built-in", or "openai:" and the model. */
export function assistantText(name: string): string {
  if (name === "built-in") return "Built-in assistant: no key set";
  return name.startsWith("openai:") ? `Language model: ${name.slice("openai:".length)}` : name;
}
