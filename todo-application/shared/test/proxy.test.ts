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

  it("is ready when each backend's /health answers", async () => {
    const todo = await start((request, response) => response.writeHead(request.url === "/health" ? 200 : 404).end());
    vi.stubEnv("TODO_API_URL", todo.url);
    const answer = await ready(["todo-backend"]);
    expect([answer.status, await answer.json()]).toEqual([200, { status: "ready", checks: { "todo-backend": "ok" } }]);
  });

  it("is not ready when one is away, and says which and why", async () => {
    const todo = await start((_request, response) => response.end());
    vi.stubEnv("TODO_API_URL", todo.url);
    vi.stubEnv("CHATBOT_API_URL", `http://127.0.0.1:${await closedPort()}`);
    const answer = await ready(["todo-backend", "chatbot-backend"]);
    const body = await answer.json();
    expect(answer.status).toBe(503);
    expect(body.checks).toEqual({ "todo-backend": "ok", "chatbot-backend": "ECONNREFUSED" });
    expect(body.error).toMatchObject({ code: "not_ready", message: expect.stringContaining("chatbot-backend") });
  });

  it("is not ready when one hangs: two seconds are enough", async () => {
    const todo = await start(() => undefined);
    vi.stubEnv("TODO_API_URL", todo.url);
    const begun = performance.now();
    const answer = await ready(["todo-backend"]);
    expect(answer.status).toBe(503);
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect((await answer.json()).reason).toContain("no answer within 2000 ms");
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
