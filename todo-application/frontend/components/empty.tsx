"use client";

import { Button } from "@todo/shared/ui/controls";

/** Said in place of an empty list. */
export function Empty({ filtered, onReset }: { filtered: boolean; onReset: () => void }) {
  return (
    <div
      className="mt-4 flex flex-col items-center rounded-2xl border border-dashed border-line px-6 py-14 text-center"
      data-testid="empty"
    >
      <svg
        viewBox="0 0 64 64"
        className="h-14 w-14 text-accent"
        fill="none"
        stroke="currentColor"
        strokeWidth="2"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
      >
        <rect x="12" y="10" width="40" height="46" rx="6" className="fill-accent-soft" />
        <path d="M24 10a4 4 0 0 1 4-4h8a4 4 0 0 1 4 4v3H24z" className="fill-surface" />
        <path d="M22 28l3 3 5-6M36 29h8M22 42l3 3 5-6M36 43h8" />
      </svg>
      {filtered ? (
        <>
          <p className="mt-4 font-semibold">No task matches</p>
          <p className="mt-1 text-sm text-muted">Try another word or show all tasks.</p>
          <Button className="mt-4" onClick={onReset}>
            Show all tasks
          </Button>
        </>
      ) : (
        <>
          <p className="mt-4 font-semibold">Nothing to do yet</p>
          <p className="mt-1 text-sm text-muted">Add your first task above, or ask the chatbot to.</p>
        </>
      )}
    </div>
  );
}
