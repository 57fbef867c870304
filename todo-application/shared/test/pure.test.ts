import { describe, expect, it } from "vitest";
import { count, daysUntil, dueIn, isoDay } from "../format";
import { publicUrlFor } from "../server/public-url";
import { settings } from "../server/settings";

describe("publicUrlFor", () => {
  it.each([
    ["http://localhost:30001", "localhost:30000", "http://localhost:30001/"],
    ["http://localhost:30001", "192.168.49.2:30000", "http://192.168.49.2:30001/"],
    ["http://localhost:30001", "127.0.0.1:30000", "http://127.0.0.1:30001/"],
    ["http://localhost:30001", "[::1]:30000", "http://[::1]:30001/"],
    ["http://127.0.0.1:30001", "todo.example:80", "http://todo.example:30001/"],
    ["https://chat.example/", "todo.example", "https://chat.example/"],
    ["http://localhost:30001", null, "http://localhost:30001/"],
    ["http://localhost:30001", "not a host", "http://localhost:30001/"],
    ["javascript:alert(1)", "localhost:30000", ""],
    ["", "localhost:30000", ""],
  ])("%s seen from %s is %s", (configured, host, expected) => {
    expect(publicUrlFor(configured, host)).toBe(expected);
  });
});

describe("settings", () => {
  it("has defaults for everything, also for what is set to nothing", () => {
    expect(settings({ TODO_API_URL: " " })).toMatchObject({
      todoApiUrl: "http://todo-backend:8000",
      chatbotApiUrl: "http://chatbot-backend:8001",
      chatkitDomainKey: "",
      logLevel: "info",
    });
  });

  it.each([
    [" domain_pk_1 ", "domain_pk_1"],
    ["", ""],
  ])("CHATKIT_DOMAIN_KEY=%s is %s", (value, expected) => {
    expect(settings({ CHATKIT_DOMAIN_KEY: value }).chatkitDomainKey).toBe(expected);
  });
});

describe("dates", () => {
  it.each([
    ["2026-11-20", "20 Nov, 3 days late", "overdue"],
    ["2026-11-22", "Yesterday", "overdue"],
    ["2026-11-23", "Today", "soon"],
    ["2026-11-24", "Tomorrow", "soon"],
    ["2026-11-28", "Saturday", "later"],
    ["2026-12-01", "1 Dec", "later"],
    ["2027-03-01", "1 Mar 2027", "later"],
  ])("%s is %s", (day, text, tone) => {
    expect(dueIn(day, "2026-11-23")).toEqual({ text, tone });
  });

  it("says nothing about what is no date", () => {
    expect(dueIn("soon", "2026-11-23")).toBeNull();
  });

  it("counts days over the change to summer time", () => {
    expect(daysUntil("2026-04-01", "2026-03-25")).toBe(7);
  });

  it("gives the reader's day, not that of Greenwich", () => {
    expect(isoDay(new Date(2026, 0, 5, 0, 30))).toBe("2026-01-05");
  });
});

describe("count", () => {
  it.each([
    [0, "0 tasks"],
    [1, "1 task"],
    [2, "2 tasks"],
  ])("%i", (amount, text) => {
    expect(count(amount, "task")).toBe(text);
  });
});
