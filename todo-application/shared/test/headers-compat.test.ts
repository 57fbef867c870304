import { createRequire } from "node:module";
import { afterEach, beforeEach, expect, it } from "vitest";

const native = Object.getOwnPropertyDescriptor(Headers.prototype, "getSetCookie");
const load = createRequire(import.meta.url);
const path = "../runtime/headers-compat.cjs";

beforeEach(() => {
  Reflect.deleteProperty(Headers.prototype, "getSetCookie");
  delete load.cache[load.resolve(path)];
  load(path);
});

afterEach(() => {
  Reflect.deleteProperty(Headers.prototype, "getSetCookie");
  if (native) Object.defineProperty(Headers.prototype, "getSetCookie", native);
});

it("takes cookies apart where the platform does not, and leaves the commas of dates", () => {
  const headers = new Headers();
  headers.append("set-cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly");
  headers.append("set-cookie", "b=2; Path=/");
  expect(headers.getSetCookie()).toEqual(["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly", "b=2; Path=/"]);
});

it("gives nothing where there is no cookie", () => {
  expect(new Headers().getSetCookie()).toEqual([]);
});
