import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { health, ready } from "../server/health";
import { proxy } from "../server/proxy";
import { type Backend, backend } from "./backend";

const running: Backend[] = [];
let lines: string[] = [];

async function start(...args: Parameters<typeof backend>): Promise<Backend> {
  const one = await backend(...args);
  running.push(one);
  return one;
}

/** Promise.withResolvers, which Node 18 lacks. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
});

afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await Promise.all(running.splice(0).map((one) => one.close()));
});

describe("what passes", () => {
  it("sends path, query, body and the headers that backends judge, with their own Host", async () => {
    const todo = await start((_request, response) => response.writeHead(201).end("{}"));
    vi.stubEnv("TODO_API_URL", todo.url);
    await proxy(
      new Request("http://page.test:30000/api/tasks?q=caf%C3%A9", {
        method: "POST",
        body: '{"title":"x"}',
        headers: {
          host: "page.test:30000",
          cookie: "todo_session=abc",
          authorization: "Bearer abc",
          origin: "http://page.test:30000",
          "sec-fetch-site": "same-origin",
          "x-request-id": "req-1",
          "x-forwarded-host": "evil.test",
          connection: "keep-alive, x-hop",
          "x-hop": "1",
          "content-length": "13",
          "content-type": "application/json",
        },
      }),
    );
    const [seen] = todo.requests;
    expect(seen).toMatchObject({ method: "POST", url: "/api/tasks?q=caf%C3%A9", body: '{"title":"x"}' });
    expect(seen?.headers).toMatchObject({
      host: todo.url.replace("http://", ""),
      cookie: "todo_session=abc",
      authorization: "Bearer abc",
      origin: "http://page.test:30000",
      "sec-fetch-site": "same-origin",
      "x-request-id": "req-1",
      "x-forwarded-host": "page.test:30000",
    });
    expect(seen?.headers).not.toHaveProperty("x-hop");
  });

  it("gives back status, body and every Set-Cookie", async () => {
    const todo = await start((_request, response) =>
      response.writeHead(201, { "set-cookie": ["a=1; HttpOnly", "b=2"], "x-total-count": "7" }).end('{"id":1}'),
    );
    vi.stubEnv("TODO_API_URL", todo.url);
    const answer = await proxy(new Request("http://page.test/api/auth/me"));
    expect(answer.status).toBe(201);
    // Debian's Node 18 has no getSetCookie; Next.js splits the joined form.
    expect(answer.headers.get("set-cookie")).toBe("a=1; HttpOnly, b=2");
    expect(answer.headers.get("x-total-count")).toBe("7");
    expect(answer.headers.get("connection")).toBeNull();
    expect(answer.headers.get("transfer-encoding")).toBeNull();
    expect(await answer.json()).toEqual({ id: 1 });
  });

  it("answers 204 without a body", async () => {
    const todo = await start((_request, response) => response.writeHead(204).end());
    vi.stubEnv("TODO_API_URL", todo.url);
    const answer = await proxy(new Request("http://page.test/api/tasks/1", { method: "DELETE" }));
    expect([answer.status, answer.body]).toEqual([204, null]);
  });

  it("makes a request id where none or a strange one is given", async () => {
    const todo = await start((_request, response) => response.end());
    vi.stubEnv("TODO_API_URL", todo.url);
    const headers = { "x-request-id": 'a"b' };
    const answer = await proxy(new Request("http://page.test/api/tasks", { headers }));
    expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
    expect(todo.requests[0]?.headers["x-request-id"]).toBe(answer.headers.get("x-request-id"));
  });

  it.each([
    ["/api/auth/login", "todo"],
    ["/api/tasks/3/complete", "todo"],
    ["/api/chat", "chatbot"],
    ["/api/conversations/1", "chatbot"],
    ["/chatkit", "chatbot"],
    ["/mcp", "chatbot"],
  ])("asks the right backend for %s", async (path, name) => {
    const todo = await start((_request, response) => response.end("todo"));
    const chatbot = await start((_request, response) => response.end("chatbot"));
    vi.stubEnv("TODO_API_URL", todo.url);
    vi.stubEnv("CHATBOT_API_URL", chatbot.url);
    const answer = await proxy(new Request(`http://page.test${path}`));
    expect(await answer.text()).toBe(name);
  });
});

describe("other hosts", () => {
  it.each([
    ["/api/tasks/1", "/api/tasks/1"],
    ["2?x=1", "/api/2?x=1"],
    ["UPSTREAM/api/tasks/?a=b", "/api/tasks/?a=b"],
    ["http://page.test:30000/api/tasks", "/api/tasks"],
  ])("a redirect to %s is passed on, not followed", async (location, expected) => {
    const todo = await start((_request, response) =>
      response.writeHead(307, { location: location.replace("UPSTREAM", todo.url) }).end(),
    );
    vi.stubEnv("TODO_API_URL", todo.url);
    const headers = { host: "page.test:30000" };
    const answer = await proxy(new Request("http://page.test:30000/api/tasks", { headers }));
    expect([answer.status, answer.headers.get("location")]).toEqual([307, expected]);
    expect(todo.requests).toHaveLength(1);
  });

  it.each([
    "http://evil.test/",
    "//evil.test/",
    "UPSTREAM//evil.test/",
    "javascript:alert(1)",
    "http://page.test:30000@evil.test/",
    "http://:bad",
  ])("a redirect to %s is refused", async (location) => {
    const todo = await start((_request, response) =>
      response.writeHead(302, { location: location.replace("UPSTREAM", todo.url) }).end(),
    );
    vi.stubEnv("TODO_API_URL", todo.url);
    const headers = { host: "page.test:30000" };
    const answer = await proxy(new Request("http://page.test:30000/api/tasks", { headers }));
    expect([answer.status, answer.headers.get("location")]).toEqual([502, null]);
    expect((await answer.json()).error.message).toContain("another host");
  });

  it.each(["//evil.test/api/tasks", "/api/tasks//evil.test", "/api/tasks/@evil.test", "/api/tasks\\\\evil.test"])(
    "are not asked for %s",
    async (path) => {
      const todo = await start((_request, response) => response.end());
      vi.stubEnv("TODO_API_URL", todo.url);
      const answer = await proxy(new Request(`http://page.test${path}`));
      // Either nothing is asked, or the backend is: nobody else has answered.
      expect(answer.status).toBe(path.startsWith("//") ? 404 : 200);
      expect(todo.requests).toHaveLength(path.startsWith("//") ? 0 : 1);
    },
  );
});

describe("who asked", () => {
  const claims = {
    "x-forwarded-for": "203.0.113.7",
    forwarded: "for=203.0.113.7",
    "x-real-ip": "203.0.113.7",
    "x-forwarded-host": "evil.test",
  };

  it("is not what a browser says", async () => {
    const todo = await start((_request, response) => response.end());
    vi.stubEnv("TODO_API_URL", todo.url);
    await proxy(new Request("http://page.test/api/tasks", { headers: { ...claims, host: "page.test" } }));
    const [seen] = todo.requests;
    expect(seen?.headers["x-forwarded-host"]).toBe("page.test");
    for (const name of ["x-forwarded-for", "forwarded", "x-real-ip"]) expect(seen?.headers).not.toHaveProperty(name);
  });

  it("is what the start file has written over it", async () => {
    const flags = globalThis as Record<symbol, unknown>;
    flags[Symbol.for("todo.inbound")] = true;
    try {
      const todo = await start((_request, response) => response.end());
      vi.stubEnv("TODO_API_URL", todo.url);
      await proxy(new Request("http://page.test/api/tasks", { headers: { "x-forwarded-for": "192.0.2.1" } }));
      expect(todo.requests[0]?.headers["x-forwarded-for"]).toBe("192.0.2.1");
    } finally {
      delete flags[Symbol.for("todo.inbound")];
    }
  });
});

describe("event streams", () => {
  it("pass event by event, uncompressed, and end upstream when the reader goes", async () => {
    let next = () => {};
    let gone = () => {};
    const closed = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const chatbot = await start((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: 1\n\n");
      next = () => response.write("data: 2\n\n");
      response.on("close", gone);
    });
    vi.stubEnv("CHATBOT_API_URL", chatbot.url);
    const answer = await proxy(new Request("http://page.test/chatkit", { method: "POST", body: "{}" }));
    expect(answer.headers.get("cache-control")).toContain("no-transform");
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    const text = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await text()).toBe("data: 1\n\n");
    next();
    expect(await text()).toBe("data: 2\n\n");
    await reader.cancel();
    await closed;
  });

  it("pass from the reader to the backend as well", async () => {
    const chatbot = await start((_request, response, body) => response.end(String(body.length)));
    vi.stubEnv("CHATBOT_API_URL", chatbot.url);
    const body = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 3; i++) controller.enqueue(new Uint8Array(100_000));
        controller.close();
      },
    });
    const answer = await proxy(
      new Request("http://page.test/mcp", { method: "POST", body, duplex: "half" } as RequestInit),
    );
    expect(await answer.text()).toBe("300000");
  });
});

describe("failures", () => {
  it("answers 503 in the envelope when the backend is away", async () => {
    vi.stubEnv("TODO_API_URL", `http://127.0.0.1:${await closedPort()}`);
    const headers = { "x-request-id": "req-2" };
    const answer = await proxy(new Request("http://page.test/api/tasks", { headers }));
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({
      error: {
        code: "backend_unavailable",
        message: expect.stringContaining("todo-backend"),
        request_id: "req-2",
      },
    });
  });

  it("waits for a backend that is just restarting, also with a POST", async () => {
    const port = await closedPort();
    vi.stubEnv("TODO_API_URL", `http://127.0.0.1:${port}`);
    const pending = proxy(
      new Request("http://page.test/api/tasks", { method: "POST", body: "{}", headers: { "content-length": "2" } }),
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    const todo = await start((_request, response) => response.writeHead(201).end(), port);
    expect((await pending).status).toBe(201);
    expect(todo.requests).toHaveLength(1);
  });

  it("answers 502 when the backend breaks off, and does not repeat a POST", async () => {
    const todo = await start((request) => request.socket.destroy());
    vi.stubEnv("TODO_API_URL", todo.url);
    const answer = await proxy(
      new Request("http://page.test/api/tasks", { method: "POST", body: "{}", headers: { "content-length": "2" } }),
    );
    expect(answer.status).toBe(502);
    expect(todo.requests).toHaveLength(1);
  });

  it("answers 504 when the backend does not answer in time", async () => {
    const { promise: asked, resolve } = withResolvers<void>();
    const todo = await start(() => resolve());
    vi.stubEnv("TODO_API_URL", todo.url);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const pending = proxy(new Request("http://page.test/api/tasks"));
    await asked;
    vi.advanceTimersByTime(19_999);
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(1);
    const answer = await pending;
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([504, "5"]);
    expect((await answer.json()).error).toMatchObject({ code: "backend_timeout" });
    expect(todo.requests).toHaveLength(1);
  });

  it("breaks off a body that stops coming, and says so in the log", async () => {
    const todo = await start((_request, response) => response.writeHead(200).write("[1, "));
    vi.stubEnv("TODO_API_URL", todo.url);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answer = await proxy(new Request("http://page.test/api/tasks"));
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("[1, ");
    const rest = expect(reader.read()).rejects.toThrow("stopped in the middle");
    await vi.advanceTimersByTimeAsync(20_000);
    await rest;
    expect(lines.at(-1)).toContain("nothing more came for 20000 ms");
  });

  it("lets an event stream be silent", async () => {
    let say = () => {};
    const chatbot = await start((_request, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
      say = () => response.end("data: 2\n\n");
    });
    vi.stubEnv("CHATBOT_API_URL", chatbot.url);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answer = await proxy(new Request("http://page.test/chatkit"));
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await vi.advanceTimersByTimeAsync(3_600_000);
    say();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("data: 2\n\n");
  });

  it("says in 502 and 503 when to try again", async () => {
    const todo = await start((request) => request.socket.destroy());
    vi.stubEnv("TODO_API_URL", todo.url);
    const broken = await proxy(new Request("http://page.test/api/tasks", { method: "POST" }));
    vi.stubEnv("TODO_API_URL", `http://127.0.0.1:${await closedPort()}`);
    const away = await proxy(new Request("http://page.test/api/tasks"));
    const seen = [broken, away].map((answer) => [answer.status, answer.headers.get("retry-after")]);
    expect(seen).toEqual([
      [502, "2"],
      [503, "2"],
    ]);
  });

  it("gives a fault of its own as 500, not as the browser's", async () => {
    vi.stubEnv("TODO_API_URL", "no address");
    const answer = await proxy(new Request("http://page.test/api/tasks"));
    expect([answer.status, (await answer.json()).error.code]).toEqual([500, "internal_error"]);
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ severity: "error", status: 500 });
  });

  it.each(["/api/other", "/api/tasksy", "/api"])("knows nothing at %s", async (path) => {
    const answer = await proxy(new Request(`http://page.test${path}`));
    expect(answer.status).toBe(404);
    expect((await answer.json()).error.code).toBe("not_found");
  });
});

describe("log lines", () => {
  it("are JSON with severity and request id, and hold no query, header or body", async () => {
    const todo = await start((_request, response) => response.end());
    vi.stubEnv("TODO_API_URL", todo.url);
    vi.stubEnv("SERVICE_NAME", "todo-frontend");
    const headers = { "x-request-id": "req-3", authorization: "Bearer secret-token" };
    await proxy(new Request("http://page.test/api/tasks?q=secret-word", { headers }));
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({
      severity: "info",
      service: "todo-frontend",
      request_id: "req-3",
      path: "/api/tasks",
      status: 200,
      upstream: "todo-backend",
    });
    expect(lines.join("")).not.toContain("secret");
  });
});

describe("health", () => {
  it("is ok while the process lives", async () => {
    expect(await health().json()).toEqual({ status: "ok" });
  });

  it("is ready while it serves, and says how each backend is", async () => {
    const todo = await start((request, response) => response.writeHead(request.url === "/health" ? 200 : 404).end());
    const chatbot = await start((_request, response) => response.writeHead(500).end());
    vi.stubEnv("TODO_API_URL", todo.url);
    vi.stubEnv("CHATBOT_API_URL", chatbot.url);
    const answer = await ready(["todo-backend", "chatbot-backend"]);
    const checks = { "todo-backend": "ok", "chatbot-backend": "its /health answered 500" };
    expect([answer.status, await answer.json()]).toEqual([200, { status: "ready", checks }]);
  });

  it("is ready without its backends: the page says so, and all replicas at once would be no help", async () => {
    vi.stubEnv("TODO_API_URL", `http://127.0.0.1:${await closedPort()}`);
    const answer = await ready(["todo-backend"]);
    expect([answer.status, (await answer.json()).checks]).toEqual([200, { "todo-backend": "ECONNREFUSED" }]);
  });

  it("does not wait for a backend that hangs", async () => {
    const { promise: asked, resolve } = withResolvers<void>();
    const todo = await start(() => resolve());
    vi.stubEnv("TODO_API_URL", todo.url);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const pending = ready(["todo-backend"]);
    await asked;
    vi.advanceTimersByTime(1_000);
    const answer = await pending;
    expect([answer.status, (await answer.json()).checks]).toEqual([
      200,
      { "todo-backend": "no answer within 1000 ms" },
    ]);
  });

  it("is not ready once the process shuts down", async () => {
    const flags = globalThis as Record<symbol, unknown>;
    flags[Symbol.for("todo.draining")] = true;
    try {
      expect((await ready([])).status).toBe(503);
    } finally {
      delete flags[Symbol.for("todo.draining")];
    }
  });
});
