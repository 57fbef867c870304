"use client";

import { ChevronIcon, SearchIcon } from "@todo/shared/ui/icons";
import { useEffect, useState } from "react";
import type { Counts, Query, Sort, Status } from "@/lib/tasks";

const STATUSES: { value: Status; label: string }[] = [
  { value: "all", label: "All" },
  { value: "pending", label: "Pending" },
  { value: "completed", label: "Completed" },
];
const SORTS: { value: Sort; label: string }[] = [
  { value: "created", label: "Newest first" },
  { value: "due_date", label: "Due date" },
  { value: "title", label: "Title" },
];
const TYPING_MS = 200;

interface Props {
  query: Query;
  counts: Counts | undefined;
  onChange: (query: Query) => void;
}

/** Filter, search and order of the list. */
export function Toolbar({ query, counts, onChange }: Props) {
  const [text, setText] = useState(query.q);

  // Elsewhere the search can be cleared.
  useEffect(() => setText(query.q), [query.q]);

  useEffect(() => {
    const wanted = text.trim();
    if (wanted === query.q) return;
    const timer = setTimeout(() => onChange({ ...query, q: wanted }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, query, onChange]);

  return (
    <div className="flex flex-col gap-3 md:flex-row md:items-center">
      <fieldset className="grid grid-cols-3 gap-1 rounded-xl bg-sunken p-1">
        <legend className="sr-only">Show</legend>
        {STATUSES.map(({ value, label }) => (
          <button
            key={value}
            type="button"
            aria-pressed={query.status === value}
            onClick={() => onChange({ ...query, status: value })}
            className={`inline-flex min-h-9 items-center justify-center gap-1.5 rounded-lg px-3 text-sm font-medium transition-colors ${
              query.status === value ? "bg-surface text-ink shadow-sm" : "text-muted hover:text-ink"
            }`}
          >
            {label}
            {counts && (
              <span aria-hidden="true" className="text-xs tabular-nums text-muted">
                {counts[value]}
              </span>
            )}
          </button>
        ))}
      </fieldset>
      <div className="flex min-w-0 flex-1 gap-3">
        <div className="relative min-w-0 flex-1">
          <span className="pointer-events-none absolute inset-y-0 left-2.5 flex items-center text-muted">
            <SearchIcon />
          </span>
          <input
            type="search"
            aria-label="Search tasks"
            placeholder="Search"
            maxLength={200}
            value={text}
            onChange={(event) => setText(event.target.value)}
            className="control min-h-10 pl-9"
          />
        </div>
        <div className="relative">
          <select
            aria-label="Sort by"
            value={query.sort}
            onChange={(event) => onChange({ ...query, sort: event.target.value as Sort })}
            className="control min-h-10 w-auto appearance-none pr-9"
          >
            {SORTS.map(({ value, label }) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
          <span className="pointer-events-none absolute inset-y-0 right-2.5 flex items-center text-muted">
            <ChevronIcon />
          </span>
        </div>
      </div>
    </div>
  );
}
