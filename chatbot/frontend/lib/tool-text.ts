import type { ToolCall } from "./chat";

const VERBS: Record<string, string> = {
  add_task: "Added a task",
  list_tasks: "Looked at the tasks",
  complete_task: "Completed a task",
  delete_task: "Deleted a task",
  update_task: "Changed a task",
};

/** Give a tool call in the reader's words; a tool that is not known here keeps its own name. */
export function toolSummary({ name, arguments: given }: ToolCall): string {
  const verb = VERBS[name] ?? name;
  const subject = given.title ?? given.task_id;
  if (typeof subject === "number") return `${verb}: #${subject}`;
  return typeof subject === "string" && subject ? `${verb}: ${subject}` : verb;
}

/** Give a value of a tool call to read in full: text as it is, everything else as JSON. */
export function toolValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
