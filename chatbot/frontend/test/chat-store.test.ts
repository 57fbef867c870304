import type { Drafts } from "@todo/shared/client/drafts";
import { beforeEach, describe, expect, it } from "vitest";
import { ChatStore } from "../lib/chat-store";
import { answer, FakeChat, refused, thread, user, workflow } from "./fake-chat";

let kept: Record<string, string>;
let expired: number;
let keys: number;
let chat: FakeChat;

/** Keeps what it is given as text, as a browser does. */
const drafts: Drafts = {
  read: (name) => JSON.parse(kept[name] ?? "null"),
  write: (name, value) => {
    kept[name] = JSON.stringify(value);
  },
};

beforeEach(() => {
  kept = {};
  expired = 0;
  keys = 0;
  chat = new FakeChat();
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

async function open(): Promise<ChatStore> {
  const store = new ChatStore({ api: chat.api, drafts, onExpired: () => expired++, newKey: () => `key-${++keys}` });
  store.start();
  await settled();
  return store;
}

/** Type a text and send it. */
function say(store: ChatStore, text: string): void {
  store.write(text);
  store.send();
}

const said = (store: ChatStore) => store.getSnapshot().entries.map(({ role, text }) => `${role}: ${text}`);
const state = (store: ChatStore) => store.getSnapshot().turn?.state;

describe("a message", () => {
  it("shows at once, its answer as it comes, and both stay", async () => {
    const store = await open();
    say(store, "  add tea ");
    expect(said(store)).toEqual(["user: add tea"]);
    expect(store.getSnapshot()).toMatchObject({ text: "", turn: { state: "under way" } });
    expect(chat.last.message).toEqual({ key: "key-1", text: "add tea", threadId: null });

    chat.last.begin("t1").done(user("u1", "add tea"), workflow("w1", "Added “Tea”")).text("a1", "Add", "ed.");
    expect(said(store)).toEqual(["user: add tea", "assistant: Added."]);
    expect(store.getSnapshot()).toMatchObject({ openId: "t1", conversations: [{ id: "t1", title: "add tea" }] });
    chat.last.done(answer("a1", "Added. Done.")).end();
    await settled();
    expect(state(store)).toBe("done");

    say(store, "and milk");
    expect(chat.last.message).toEqual({ key: "key-2", text: "and milk", threadId: "t1" });
    expect(said(store)).toEqual(["user: add tea", "assistant: Added. Done.", "user: and milk"]);
  });

  it("is not sent while another one is answered, and not without words", async () => {
    const store = await open();
    say(store, "   ");
    expect(chat.streams).toHaveLength(0);
    say(store, "one");
    say(store, "two");
    expect(chat.streams).toHaveLength(1);
    expect(store.getSnapshot().text).toBe("two");
  });

  it("is told to assistive technology when it is whole, not word by word", async () => {
    const store = await open();
    say(store, "add tea");
    const step = { type: "custom", title: "Adding a task…", status_indicator: "loading" } as const;
    chat.last.begin("t1").done(user("u1", "add tea"));
    chat.last.send({ type: "thread.item.added", item: { ...workflow("w1"), workflow: { tasks: [step] } } });
    expect(store.getSnapshot().said).toBe("Adding a task…");
    chat.last.text("a1", "Add", "ed");
    expect(store.getSnapshot().said).toBe("Adding a task…");
    chat.last.done(answer("a1", "Added."));
    expect(store.getSnapshot().said).toBe("Added.");
  });
});

describe("stopping", () => {
  it("ends the request and keeps what was said", async () => {
    const store = await open();
    say(store, "tell me");
    chat.last.begin("t1").done(user("u1", "tell me")).text("a1", "Once upon");
    store.stopAnswer();
    expect(chat.last.signal.aborted).toBe(true);
    chat.last.send({
      type: "thread.item.updated",
      item_id: "a1",
      update: { type: "assistant_message.content_part.text_delta", content_index: 0, delta: " a time" },
    });
    await settled();
    expect(said(store)).toEqual(["user: tell me", "assistant: Once upon"]);
    expect(store.getSnapshot()).toMatchObject({ turn: { state: "stopped" }, failure: null });
    say(store, "go on");
    expect(said(store)).toEqual(["user: tell me", "assistant: Once upon", "user: go on"]);
  });
});

describe("a message that the server does not have", () => {
  it("comes back into the field, and is the same message when it is sent again", async () => {
    const store = await open();
    say(store, "add tea");
    chat.last.fail(refused(503));
    await settled();
    expect(store.getSnapshot()).toMatchObject({ entries: [], text: "add tea", failure: { status: 503 } });
    store.retry();
    expect(chat.last.message).toEqual({ key: "key-1", text: "add tea", threadId: null });
    expect(store.getSnapshot()).toMatchObject({ text: "", failure: null });
  });

  it("is another one when its text was changed", async () => {
    const store = await open();
    say(store, "add tea");
    chat.last.fail(refused(503));
    await settled();
    say(store, "add milk");
    expect(chat.last.message.key).toBe("key-2");
  });

  it("is another one in another conversation", async () => {
    chat.threads = [thread("t1", "One")];
    chat.items.set("t1", []);
    const store = await open();
    say(store, "add tea");
    chat.last.fail(refused(503));
    await settled();
    store.show("t1");
    store.send();
    expect(chat.last.message).toEqual({ key: "key-2", text: "add tea", threadId: "t1" });
  });

  it("stays the request that it was, also when the server had begun a thread for it", async () => {
    const store = await open();
    say(store, "add tea");
    chat.last.begin("t1").fail(new TypeError("network error"));
    await settled();
    expect(store.getSnapshot()).toMatchObject({ text: "add tea", openId: "t1", failure: { code: "network" } });
    store.retry();
    expect(chat.last.message).toEqual({ key: "key-1", text: "add tea", threadId: null });
    chat.last.begin("t1").done(user("u1", "add tea"), answer("a1", "Added."));
    expect(said(store)).toEqual(["user: add tea", "assistant: Added."]);
  });

  it("does not overwrite what was typed meanwhile", async () => {
    const store = await open();
    say(store, "add tea");
    store.write("and milk");
    chat.last.fail(refused(503));
    await settled();
    expect(store.getSnapshot().text).toBe("add tea\nand milk");
  });

  it("survives a reload, with its key", async () => {
    const before = await open();
    say(before, "add tea");
    before.stop();
    const store = await open();
    expect(store.getSnapshot().text).toBe("add tea");
    store.send();
    expect(chat.last.message.key).toBe("key-1");
    chat.last.begin("t1").done(user("u1", "add tea"));
    expect(kept.message).toBe("null");
  });
});

describe("an answer that breaks off", () => {
  it.each<[string, () => void, string]>([
    ["when the connection is lost", () => chat.last.fail(new TypeError("network error")), "connection was lost"],
    ["when the stream just ends", () => chat.last.end(), "connection was lost"],
    [
      "by an error of the server",
      () => chat.last.send({ type: "error", message: "The model is away." }),
      "model is away",
    ],
    ["by an error without words", () => chat.last.send({ type: "error", allow_retry: true }), "Try again"],
  ])("%s is said; the same message is sent again and shown once", async (_name, breakOff, words) => {
    const store = await open();
    say(store, "add tea");
    chat.last.begin("t1").done(user("u1", "add tea")).text("a1", "Add");
    breakOff();
    await settled();
    expect(said(store)).toEqual(["user: add tea", "assistant: Add"]);
    expect(store.getSnapshot()).toMatchObject({ text: "", failure: { message: expect.stringContaining(words) } });

    store.retry();
    expect(chat.last.message).toEqual({ key: "key-1", text: "add tea", threadId: null });
    expect(said(store)).toEqual(["user: add tea"]);
    chat.items.set("t1", [user("u1", "add tea"), answer("a2", "Added.")]);
    chat.last.begin("t1").done(user("u1", "add tea"), answer("a2", "Added.")).end();
    await settled();
    expect(said(store)).toEqual(["user: add tea", "assistant: Added."]);
    expect(store.getSnapshot().failure).toBeNull();
  });

  it("stays offered when the second attempt fails, too", async () => {
    const store = await open();
    say(store, "add tea");
    chat.last.begin("t1").done(user("u1", "add tea")).end();
    await settled();
    store.retry();
    chat.last.fail(refused(503));
    await settled();
    expect(said(store)).toEqual(["user: add tea"]);
    store.retry();
    expect(chat.streams.map(({ message }) => message.key)).toEqual(["key-1", "key-1", "key-1"]);
  });

  it.each([
    [409, "interrupted", false],
    [409, "request_in_progress", true],
    [422, "invalid_input", false],
    [429, "too_many_messages", true],
    [503, "backend_unavailable", true],
  ])("is asked for again where that can help: %s %s", async (status, code, repeatable) => {
    const store = await open();
    say(store, "add tea");
    chat.last.begin("t1").done(user("u1", "add tea")).end();
    await settled();
    store.retry();
    chat.last.fail(refused(status, { code }));
    await settled();
    expect(store.getSnapshot()).toMatchObject({ repeatable, failure: { code } });
    expect(kept.unanswered === "null").toBe(!repeatable);
  });

  it("by a reload is offered anew", async () => {
    const before = await open();
    say(before, "add tea");
    chat.last.begin("t1").done(user("u1", "add tea"));
    before.stop();
    chat.threads = [thread("t1", "add tea")];
    chat.items.set("t1", [user("u1", "add tea")]);
    const store = await open();
    expect(said(store)).toEqual(["user: add tea"]);
    expect(store.getSnapshot().failure?.code).toBe("unanswered");
    store.retry();
    expect(chat.last.message).toEqual({ key: "key-1", text: "add tea", threadId: null });
    expect(said(store)).toEqual(["user: add tea"]);
  });

  it("by a reload is not offered when the answer is there", async () => {
    const before = await open();
    say(before, "add tea");
    chat.last.begin("t1").done(user("u1", "add tea"));
    before.stop();
    chat.items.set("t1", [user("u1", "add tea"), answer("a1", "Added.")]);
    const store = await open();
    expect(store.getSnapshot()).toMatchObject({ failure: null, openId: "t1" });
    expect(kept.unanswered).toBe("null");
  });
});

describe("conversations", () => {
  beforeEach(() => {
    chat.threads = [thread("t1", "One"), thread("t2", " "), thread("t3", "Three")];
    chat.items.set(
      "t1",
      [1, 2, 3].flatMap((n) => [user(`u${n}`, `q${n}`), answer(`a${n}`, `r${n}`)]),
    );
    chat.items.set("t2", [user("u9", "other")]);
  });

  it("come by pages", async () => {
    const store = await open();
    expect(store.getSnapshot().conversations).toEqual([
      { id: "t1", title: "One" },
      { id: "t2", title: "New conversation" },
    ]);
    await store.moreConversations();
    expect(store.getSnapshot().conversations?.map(({ id }) => id)).toEqual(["t1", "t2", "t3"]);
    expect(store.getSnapshot().moreConversations).toBe(false);
  });

  it("open with their newest messages, and earlier ones on demand", async () => {
    const store = await open();
    store.show("t1");
    expect(store.getSnapshot().loading).toBe(true);
    await settled();
    expect(said(store)).toEqual(["user: q2", "assistant: r2", "user: q3", "assistant: r3"]);
    expect(store.getSnapshot().earlier).toBe(true);
    await store.loadEarlier();
    expect(said(store)).toHaveLength(6);
    expect(said(store)[0]).toBe("user: q1");
    expect(store.getSnapshot().earlier).toBe(false);
  });

  it("stay open over a reload", async () => {
    (await open()).show("t2");
    expect(said(await open())).toEqual(["user: other"]);
  });

  it("that are gone are left", async () => {
    kept.conversation = '"t8"';
    expect((await open()).getSnapshot()).toMatchObject({ openId: null, failure: null });
  });

  it("do not get each other's answers", async () => {
    const store = await open();
    store.show("t2");
    await settled();
    say(store, "slow one");
    const slow = chat.last;
    slow.done(user("u10", "slow one")).text("a10", "I");
    store.show(null);
    slow.send({
      type: "thread.item.updated",
      item_id: "a10",
      update: { type: "assistant_message.content_part.text_delta", content_index: 0, delta: " am" },
    });
    expect(said(store)).toEqual([]);
    say(store, "quick one");
    expect(chat.last.message).toMatchObject({ text: "quick one", threadId: null });
    // Coming back, the answer is as far as it has come.
    store.show("t2");
    await settled();
    expect(said(store)).toEqual(["user: other", "user: slow one", "assistant: I am"]);
    slow.done(answer("a10", "I am slow.")).end();
    await settled();
    expect(said(store)).toEqual(["user: other", "user: slow one", "assistant: I am slow."]);
  });

  it("are renamed at once, and back where that fails", async () => {
    const store = await open();
    const title = () => store.getSnapshot().conversations?.[0]?.title;
    const renaming = store.rename("t1", "Uno");
    expect(title()).toBe("Uno");
    await renaming;
    expect(title()).toBe("Uno");
    chat.faults = [refused(503)];
    await store.rename("t1", "Eins");
    expect(title()).toBe("Uno");
    store.retry();
    await settled();
    expect(title()).toBe("Eins");
  });

  it("are deleted; the open one leaves room for a new one", async () => {
    const store = await open();
    store.show("t1");
    await settled();
    await store.remove("t1");
    expect(store.getSnapshot()).toMatchObject({ openId: null, entries: [], said: "Conversation One is deleted." });
    expect(store.getSnapshot().conversations?.map(({ id }) => id)).toEqual(["t2"]);
    chat.faults = [refused(404)];
    await store.remove("t2");
    expect(store.getSnapshot()).toMatchObject({ conversations: [], failure: null });
  });

  it("are changed one after the other, however slow the server is", async () => {
    const store = await open();
    let answerNow = () => {};
    chat.slow = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    const both = [store.rename("t1", "Uno"), store.remove("t1")];
    await settled();
    expect(chat.asked.at(-1)).toBe("rename t1");
    answerNow();
    await Promise.all(both);
    expect(chat.asked.at(-1)).toBe("remove t1");
    expect(store.getSnapshot().conversations?.map(({ id }) => id)).toEqual(["t2"]);
  });

  it("stay when deleting fails", async () => {
    const store = await open();
    chat.faults = [refused(500)];
    await store.remove("t1");
    expect(store.getSnapshot()).toMatchObject({ failure: { status: 500 }, repeatable: true });
    expect(store.getSnapshot().conversations).toHaveLength(2);
  });
});

describe("an ended session", () => {
  it("asks for sign-in and keeps the message", async () => {
    const store = await open();
    say(store, "add tea");
    chat.last.fail(refused(401));
    await settled();
    expect(expired).toBe(1);
    expect((await open()).getSnapshot().text).toBe("add tea");
  });
});
