import { mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BundledPackages, packageFolder } from "../build/bundled-packages";
import { contentId } from "../build/content-id";

const { provideKeys } = createRequire(import.meta.url)("../runtime/keys.cjs");
let folder: string;

function put(name: string, text: string) {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), text);
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "todo-build-"));
  vi.stubEnv("NEXT_SERVER_ACTIONS_ENCRYPTION_KEY", "");
});

afterEach(() => vi.unstubAllEnvs());

it("gives one build ID for the same sources, and another when a name or a content changes", () => {
  put("app/page.tsx", "one");
  const first = contentId(folder, ["app"]);
  expect(first).toMatch(/^\d+$/);
  put("app/.next/trace", "made by the build");
  put("app/node_modules/a/index.js", "a dependency: the lock file stands for it");
  expect(contentId(folder, ["app"])).toBe(first);
  put("app/page.tsx", "two");
  const second = contentId(folder, ["app"]);
  put("app/other.tsx", "");
  expect(new Set([first, second, contentId(folder, ["app"])]).size).toBe(3);
});

it("finds the package that a module belongs to", () => {
  expect(packageFolder("/src/node_modules/next/node_modules/postcss/lib/a.js")).toBe(
    "/src/node_modules/next/node_modules/postcss",
  );
  expect(packageFolder("/src/node_modules/@openai/chatkit-react/dist/index.js")).toBe(
    "/src/node_modules/@openai/chatkit-react",
  );
  expect(packageFolder("/src/app/page.tsx")).toBeUndefined();
});

it("lists each bundled package once, those of concatenated modules too", () => {
  put("node_modules/axios/package.json", '{"name": "axios", "version": "1.2.3", "license": "MIT"}');
  put("node_modules/zod/package.json", '{"name": "zod", "version": "4.0.0"}');
  const file = (name: string) => ({ resource: path.join(folder, "node_modules", name) });
  const modules = [file("axios/a.js"), file("axios/b.js"), { modules: [file("zod/index.js"), {}] }];
  new BundledPackages(path.join(folder, ".next")).apply({
    options: { name: "client" },
    hooks: { afterEmit: { tap: (_name, emitted) => emitted({ modules }) } },
  });
  expect(JSON.parse(readFileSync(path.join(folder, ".next/bundled-client.json"), "utf8"))).toEqual([
    { folder: path.join(folder, "node_modules/axios"), name: "axios", version: "1.2.3", license: "MIT" },
    { folder: path.join(folder, "node_modules/zod"), name: "zod", version: "4.0.0" },
  ]);
});

it("makes other keys at every start, for nobody else to read", () => {
  put(".next/prerender-manifest.keyless.json", '{"version": 4, "routes": {}}');
  const made = path.join(folder, ".next/cache/prerender-manifest.json");
  const start = () => {
    provideKeys(folder);
    return JSON.parse(readFileSync(made, "utf8"));
  };
  const first = start();
  expect(first).toMatchObject({
    version: 4,
    routes: {},
    preview: { previewModeId: expect.stringMatching(/^[0-9a-f]{32}$/) },
  });
  expect(statSync(made).mode & 0o777).toBe(0o600);
  expect(start().preview).not.toEqual(first.preview);
  expect(Buffer.from(process.env.NEXT_SERVER_ACTIONS_ENCRYPTION_KEY ?? "", "base64")).toHaveLength(32);
});

it("says what it needs where it cannot write", () => {
  put(".next/prerender-manifest.keyless.json", "{}");
  put(".next/cache", "a file in the way");
  expect(() => provideKeys(folder)).toThrow(/cache: cannot be written \(E\w+\).*mount a directory/);
});
