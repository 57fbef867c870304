"use client";

import { count } from "@todo/shared/format";
import { ChevronIcon, SearchIcon } from "@todo/shared/ui/icons";
import { type RefObject, useEffect, useId, useState } from "react";
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
  searchRef: RefObject<HTMLInputElement | null>;
  query: Query;
  counts: Counts | null;
  onChange: (query: Query) => void;
}

/** Filter, search and order of the list. */
export function Toolbar({ searchRef, query, counts, onChange }: Props) {
  const [text, setText] = useState(query.q);
  const id = useId();

  // Elsewhere the search can be cleared. What was asked for lacks the spaces around it, which may be amid two words.
  useEffect(() => setText((typed) => (typed.trim() === query.q ? typed : query.q)), [query.q]);

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
            aria-describedby={counts ? `${id}-${value}` : undefined}
            onClick={() => onChange({ ...query, status: value })}
            className={`inline-flex min-h-9 items-center justify-center gap-1.5 rounded-lg px-3 text-sm font-medium transition-colors ${
              query.status === value ? "bg-raised text-ink shadow-sm" : "text-muted hover:text-ink"
            }`}
          >
            {label}
            {counts && (
              <span aria-hidden="true" className="text-xs tabular-nums text-muted" data-testid={`count-${value}`}>
                {counts[value]}
              </span>
            )}
          </button>
        ))}
        {counts &&
          STATUSES.map(({ value }) => (
            <span key={value} id={`${id}-${value}`} hidden>
              {count(counts[value], "task")}
            </span>
          ))}
      </fieldset>
      <div className="flex min-w-0 flex-1 gap-3">
        <div className="relative min-w-0 flex-1">
          <span className="pointer-events-none absolute inset-y-0 left-2.5 flex items-center text-muted">
            <SearchIcon />
          </span>
          <input
            ref={searchRef}
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
