import { RequestFailed } from "@todo/shared/client/api";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chatApi, readEvents } from "../lib/chat-api";
import type { StreamEvent } from "../lib/protocol";

const OUTGOING = { key: "k1", text: "hi", threadId: null };

/** A body that comes in these pieces; null breaks it off. */
function body(...pieces: (string | Uint8Array | null)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const piece = pieces.shift();
      if (piece === undefined) controller.close();
      else if (piece === null) controller.error(new TypeError("network error"));
      else controller.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    },
  });
}

async function read(stream: ReadableStream<Uint8Array>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  await readEvents(stream, (event) => events.push(event));
  return events;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("readEvents", () => {
  const event = { type: "progress_update", text: "Füge hinzu… “Tee”" };

  it("puts events together whatever the pieces, also within a character", async () => {
    const bytes = new TextEncoder().encode(`: comment\n\ndata: ${JSON.stringify(event)}\n\n`);
    expect(await read(body(...Array.from(bytes, (_, index) => bytes.slice(index, index + 1))))).toEqual([event]);
  });

  it("says so when an event is no JSON", async () => {
    await expect(read(body("data: {broken\n\n"))).rejects.toMatchObject({ failure: { code: "unreadable" } });
  });

  it("passes on what was read before the connection broke", async () => {
    const events: StreamEvent[] = [];
    const reading = readEvents(body(`data: ${JSON.stringify(event)}\n\n`, null), (one) => events.push(one));
    await expect(reading).rejects.toThrow("network error");
    expect(events).toEqual([event]);
  });

  it("gives up on a stream that falls silent", async () => {
    vi.useFakeTimers();
    const cancelled = vi.fn();
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}), cancel: cancelled });
    const reading = expect(read(silent)).rejects.toMatchObject({
      failure: { message: expect.stringMatching("too long") },
    });
    await vi.advanceTimersByTimeAsync(131_000);
    await reading;
    expect(cancelled).toHaveBeenCalled();
  });
});

describe("chatApi.send", () => {
  it("sends the key with each attempt, and begins a thread where there is none", async () => {
    const fetched = vi.fn(async () => new Response(body("")));
    vi.stubGlobal("fetch", fetched);
    const { signal } = new AbortController();
    await chatApi.send(OUTGOING, () => {}, signal);
    await chatApi.send({ ...OUTGOING, threadId: "t1" }, () => {}, signal);
    const requests = fetched.mock.calls as unknown as [string, RequestInit][];
    expect(requests.map(([url, init]) => [url, new Headers(init.headers).get("idempotency-key")])).toEqual([
      ["/chatkit", "k1"],
      ["/chatkit", "k1"],
    ]);
    expect(new Headers(requests[0]?.[1].headers).get("x-time-zone")).toMatch(/^[A-Za-z_/+-]+$/);
    const bodies = requests.map(([, init]) => JSON.parse(String(init.body)));
    expect(bodies[0]).toMatchObject({
      type: "threads.create",
      params: { input: { content: [{ type: "input_text", text: "hi" }], attachments: [] } },
    });
    expect(bodies[1]).toMatchObject({ type: "threads.add_user_message", params: { thread_id: "t1" } });
  });

  it("gives a refusal in the server's words, and when to come back", async () => {
    const error = { code: "too_many_messages", message: "You have sent too many messages.", request_id: "r1" };
    const answer = () => Response.json({ error }, { status: 429, headers: { "Retry-After": "12" } });
    vi.stubGlobal("fetch", async () => answer());
    const failure = { status: 429, code: error.code, message: error.message, requestId: "r1", retryAfter: 12 };
    await expect(chatApi.send(OUTGOING, () => {}, new AbortController().signal)).rejects.toMatchObject({ failure });
  });

  it("says so when nobody answers, or something that is no backend", async () => {
    vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("Failed to fetch")));
    const { signal } = new AbortController();
    await expect(chatApi.send(OUTGOING, () => {}, signal)).rejects.toMatchObject({ failure: { code: "network" } });
    vi.stubGlobal("fetch", async () => new Response("<html>", { status: 502 }));
    const refused = chatApi.send(OUTGOING, () => {}, signal);
    await expect(refused).rejects.toBeInstanceOf(RequestFailed);
    await expect(refused).rejects.toMatchObject({ failure: { status: 502, message: expect.stringContaining("502") } });
  });
});
