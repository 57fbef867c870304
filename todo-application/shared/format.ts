/** How dates and numbers are written for the reader. Pure functions: the present day is an argument. */

/** The day of `moment` in the reader's time zone, as 2026-11-23. */
export function isoDay(moment: Date): string {
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${moment.getFullYear()}-${pad(moment.getMonth() + 1)}-${pad(moment.getDate())}`;
}

const DAY_MS = 86_400_000;

/** Whole days from `today` to `day` (both as 2026-11-23); negative in the past, null where `day` is no date. */
export function daysUntil(day: string, today: string): number | null {
  const distance = (Date.parse(`${day}T00:00:00Z`) - Date.parse(`${today}T00:00:00Z`)) / DAY_MS;
  return Number.isFinite(distance) ? Math.round(distance) : null;
}

export interface Due {
  text: string;
  tone: "overdue" | "soon" | "later";
}

/** Give a due date in words and how pressing it is, or null where `day` is no date. */
export function dueIn(day: string, today: string, locale = "en-GB"): Due | null {
  const days = daysUntil(day, today);
  if (days === null) return null;
  const date = new Date(`${day}T00:00:00Z`);
  const sameYear = day.slice(0, 4) === today.slice(0, 4);
  const long = date.toLocaleDateString(locale, {
    day: "numeric",
    month: "short",
    ...(sameYear ? {} : { year: "numeric" }),
    timeZone: "UTC",
  });
  if (days < -1) return { text: `${long}, ${-days} days late`, tone: "overdue" };
  if (days === -1) return { text: "Yesterday", tone: "overdue" };
  if (days === 0) return { text: "Today", tone: "soon" };
  if (days === 1) return { text: "Tomorrow", tone: "soon" };
  if (days < 7) return { text: date.toLocaleDateString(locale, { weekday: "long", timeZone: "UTC" }), tone: "later" };
  return { text: long, tone: "later" };
}

/** "1 task", "2 tasks" */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}
