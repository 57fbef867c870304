/** What browsers get of the build, on a real HTTP server. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";

const { assets } = createRequire(import.meta.url)("../runtime/assets.cjs");
const SCRIPT = "console.log(1);".repeat(100);

let folder: string;
let server: http.Server;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "todo-assets-"));
  mkdirSync(path.join(folder, "static/chunks"), { recursive: true });
  writeFileSync(path.join(folder, "secret.txt"), "not for browsers");
  const file = path.join(folder, "static/chunks/a.js");
  writeFileSync(file, SCRIPT);
  writeFileSync(`${file}.br`, brotliCompressSync(SCRIPT));
  writeFileSync(`${file}.gz`, gzipSync(SCRIPT));
  const serve = assets(path.join(folder, "static"));
  server = http.createServer((request, response) => {
    serve(request, response, () => response.writeHead(404).end(`Next.js: ${request.url}`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Ask as it is written: fetch would put the address in order and unpack the answer. */
function ask(url: string, encodings = ""): Promise<{ headers: http.IncomingHttpHeaders; body: Buffer }> {
  const { port } = server.address() as AddressInfo;
  const headers = { "accept-encoding": encodings };
  return new Promise((resolve, reject) => {
    const request = http.get({ host: "127.0.0.1", port, path: url, headers }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      resolve({ headers: response.headers, body: Buffer.concat(parts) });
    });
    request.on("error", reject);
  });
}

it.each([
  ["gzip, deflate, br", "br", brotliCompressSync(SCRIPT)],
  ["gzip", "gzip", gzipSync(SCRIPT)],
  ["", undefined, Buffer.from(SCRIPT)],
])("are sent as the browser can read them: %s", async (accepted, encoding, content) => {
  const { headers, body } = await ask("/_next/static/chunks/a.js", accepted);
  expect(headers["content-encoding"]).toBe(encoding);
  expect(body.equals(content)).toBe(true);
  expect(headers["content-type"]).toMatch(/^text\/javascript/);
  expect(headers["cache-control"]).toBe("public,max-age=31536000,immutable");
  expect(headers.vary).toBe("Accept-Encoding");
});

it.each([
  "/",
  "/_next/static/chunks/b.js",
  "/_next/static/../secret.txt",
  "/_next/static/%2e%2e/secret.txt",
  "/_next/static/chunks/%ff.js",
])("are nothing else: %s goes on to Next.js as it came", async (url) => {
  expect((await ask(url)).body.toString()).toBe(`Next.js: ${url}`);
});
