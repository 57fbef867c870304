import { describe, expect, it } from "vitest";
import { toConversation, toMessages } from "../lib/chat";
import { assistantText, toolSummary, toolValue } from "../lib/tool-text";

describe("toolSummary", () => {
  it.each([
    ["add_task", { title: "Buy milk" }, { id: 4, title: "Buy milk" }, "Added a task: #4 Buy milk"],
    ["complete_task", { task_id: 3 }, { id: 3, title: "Rest" }, "Completed a task: #3 Rest"],
    ["complete_task", { task_id: 3, completed: false }, { id: 3, title: "Rest" }, "Opened a task again: #3 Rest"],
    ["complete_task", { task_id: 9 }, { error: "You have no task 9." }, "Completing a task failed: #9"],
    ["list_tasks", {}, { tasks: [] }, "Looked at the tasks"],
    ["other_tool", { x: 1 }, null, "other_tool"],
  ])("%s %j %j", (name, given, result, expected) => {
    expect(toolSummary({ name, arguments: given, result })).toBe(expected);
  });
});

describe("toolValue", () => {
  it("leaves text as it is and writes the rest as JSON", () => {
    expect(toolValue("a\nb")).toBe("a\nb");
    expect(toolValue(undefined)).toBe("");
    expect(toolValue({ id: 1 })).toBe('{\n  "id": 1\n}');
  });
});

describe("assistantText", () => {
  it.each([
    ["built-in", "Built-in assistant: no key set"],
    ["openai:gpt-4o-mini", "Language model: gpt-4o-mini"],
    ["something else", "something else"],
  ])("%s", (name, expected) => {
    expect(assistantText(name)).toBe(expected);
  });
});

describe("toMessages", () => {
  it("keeps what the reader and the assistant said, in order", () => {
    const calls = [{ name: "list_tasks", arguments: {}, result: [] }];
    const messages = toMessages([
      { id: 1, role: "user", content: "hi" },
      { id: 2, role: "tool", content: "internal" },
      { id: 3, role: "assistant", content: "hello", tool_calls: calls },
    ]);
    expect(messages.map(({ id, role, content, toolCalls }) => [id, role, content, toolCalls])).toEqual([
      ["server-1", "user", "hi", []],
      ["server-3", "assistant", "hello", calls],
    ]);
  });

  it("makes ids of its own where the server gives none", () => {
    const [first, second] = toMessages([
      { role: "user", content: "a" },
      { role: "user", content: "b" },
    ]);
    expect(first?.id).not.toBe(second?.id);
  });
});

describe("toConversation", () => {
  it("has words for a conversation without a title", () => {
    expect(toConversation({ id: 7, title: " " })).toEqual({ id: "7", title: "Untitled conversation", updatedAt: null });
  });
});
