import { describe, expect, it } from "vitest";
import { assistantText } from "../lib/assistant-text";
import { applied, brokenOff, entriesOf } from "../lib/items";
import type { Item, StreamEvent } from "../lib/protocol";
import { answer, user, workflow } from "./fake-chat";

const play = (events: StreamEvent[], items: Item[] = []) => events.reduce(applied, items);

describe("a stream's events", () => {
  it("build an answer up, with what was done before it", () => {
    const step = (title: string, status_indicator: "loading" | "complete") => ({
      type: "custom",
      title,
      status_indicator,
    });
    const items = play([
      { type: "thread.item.done", item: user("u", "add tea") },
      {
        type: "thread.item.added",
        item: { ...workflow("w"), workflow: { tasks: [step("Adding a task…", "loading")] } },
      },
      {
        type: "thread.item.updated",
        item_id: "w",
        update: { type: "workflow.task.added", task_index: 1, task: step("Looking…", "loading") },
      },
      {
        type: "thread.item.updated",
        item_id: "w",
        update: { type: "workflow.task.updated", task_index: 0, task: step("Added “Tea”", "complete") },
      },
      { type: "thread.item.added", item: { ...answer("a", ""), content: [] } },
      {
        type: "thread.item.updated",
        item_id: "a",
        update: { type: "assistant_message.content_part.text_delta", content_index: 0, delta: "Do" },
      },
      {
        type: "thread.item.updated",
        item_id: "a",
        update: { type: "assistant_message.content_part.text_delta", content_index: 0, delta: "ne" },
      },
    ]);
    expect(entriesOf(items)).toEqual([
      { role: "user", id: "u", text: "add tea" },
      {
        role: "assistant",
        id: "w",
        steps: [step("Added “Tea”", "complete"), step("Looking…", "loading")],
        text: "Done",
      },
    ]);
    expect(brokenOff(items)[1]).toMatchObject({ workflow: { tasks: [{}, { status_indicator: "none" }] } });
  });

  it("are harmless when they are about something else", () => {
    const before = [user("u", "hi")];
    const events = [
      { type: "thread.item.done", item: { type: "hidden_context_item", id: "h" } },
      { type: "thread.item.updated", item_id: "nobody", update: { type: "workflow.task.added", task_index: 0 } },
      { type: "thread.item.updated", item_id: "u", update: { type: "widget.root.updated" } },
      { type: "stream_options", stream_options: { allow_cancel: true } },
      { type: "something.new" },
    ] as unknown as StreamEvent[];
    expect(play(events, before)).toEqual(before);
  });

  it("that come twice change nothing", () => {
    const events: StreamEvent[] = [
      { type: "thread.item.done", item: user("u", "hi") },
      { type: "thread.item.done", item: answer("a", "Hello") },
    ];
    expect(play([...events, ...events])).toEqual(play(events));
  });

  it("take an item away again", () => {
    expect(play([{ type: "thread.item.removed", item_id: "a" }], [user("u", "hi"), answer("a", "x")])).toHaveLength(1);
  });
});

describe("entries", () => {
  it("are one for all that an assistant did and said in a turn", () => {
    const items = [user("1", "a"), workflow("2", "One"), workflow("3", "Two"), answer("4", "A"), answer("5", "B")];
    expect(entriesOf([...items, user("6", "b"), answer("7", "")])).toEqual([
      { role: "user", id: "1", text: "a" },
      { role: "assistant", id: "2", steps: [{}, {}].map(() => expect.anything()), text: "A\n\nB" },
      { role: "user", id: "6", text: "b" },
    ]);
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
