/** What is used here of the ChatKit protocol: POST /chatkit answers with JSON, or with a stream of events. */

export interface Thread {
  id: string;
  title?: string | null;
  created_at: string;
}

/** One step of what the assistant does. Of a finished one, "none" means that it did not work. */
export interface Step {
  type: string;
  title?: string | null;
  status_indicator?: "none" | "loading" | "complete";
}

interface ItemBase {
  id: string;
  created_at?: string;
}
export interface UserItem extends ItemBase {
  type: "user_message";
  content: { text: string }[];
}
export interface AssistantItem extends ItemBase {
  type: "assistant_message";
  content: { text: string }[];
}
export interface WorkflowItem extends ItemBase {
  type: "workflow";
  workflow: { tasks: Step[] };
}
export type Item = UserItem | AssistantItem | WorkflowItem;

type Update =
  | { type: "assistant_message.content_part.added"; content_index: number; content: { text: string } }
  | { type: "assistant_message.content_part.text_delta"; content_index: number; delta: string }
  | { type: "assistant_message.content_part.done"; content_index: number; content: { text: string } }
  | { type: "workflow.task.added"; task_index: number; task: Step }
  | { type: "workflow.task.updated"; task_index: number; task: Step };

/** The events that mean something here; a server may send others. */
export type StreamEvent =
  | { type: "thread.created" | "thread.updated"; thread: Thread }
  | { type: "thread.item.added" | "thread.item.done" | "thread.item.replaced"; item: Item }
  | { type: "thread.item.updated"; item_id: string; update: Update }
  | { type: "thread.item.removed"; item_id: string }
  | { type: "progress_update"; text: string }
  | { type: "error"; code?: string; message?: string; allow_retry?: boolean };

export interface Page<T> {
  data: T[];
  has_more: boolean;
  after?: string | null;
}

const SHOWN: string[] = ["user_message", "assistant_message", "workflow"] satisfies Item["type"][];

/** Whether an item is one of those that are shown here. */
export function isShown(item: { type: string }): item is Item {
  return SHOWN.includes(item.type);
}

export function textOf(item: UserItem | AssistantItem): string {
  return item.content.map(({ text }) => text).join("");
}

/** The input of a message. */
export function userInput(text: string) {
  return { content: [{ type: "input_text", text }], attachments: [], inference_options: {} };
}

/** The longest message that the server takes. */
export const MESSAGE_MAX = 4000;
/** The longest title of a conversation. */
export const TITLE_MAX = 200;
