"use client";

import { useEffect, useRef } from "react";
import { type Delete, titleOf } from "@/lib/changes";

interface Props {
  /** Deletions that can be undone, oldest first. */
  held: Delete[];
  onUndo: (key: string) => void;
  onPause: () => void;
  onResume: () => void;
}

/** Offers to take deletions back. The time for it stands still while the reader is here with pointer or keyboard. */
export function UndoList({ held, onUndo, onPause, onResume }: Props) {
  const box = useRef<HTMLElement>(null);
  const pointer = useRef(false);

  // An offer that went with its button tells nothing to the box around it.
  useEffect(() => {
    if (held.length === 0) pointer.current = false;
    if (!pointer.current && !box.current?.contains(document.activeElement)) onResume();
  });

  if (held.length === 0) return null;
  return (
    <section
      ref={box}
      aria-label="Deleted tasks"
      className="pointer-events-none fixed inset-x-0 bottom-4 z-30 flex max-h-[50vh] flex-col items-center gap-2 overflow-y-auto px-4"
      onFocus={onPause}
      onBlur={() => {
        if (!pointer.current) onResume();
      }}
      onPointerEnter={() => {
        pointer.current = true;
        onPause();
      }}
      onPointerLeave={() => {
        pointer.current = false;
        if (!box.current?.contains(document.activeElement)) onResume();
      }}
    >
      {held.map((change) => (
        <div
          key={change.key}
          className="pointer-events-auto flex max-w-full animate-appear items-center gap-3 rounded-xl bg-ink py-2 pl-4 pr-2 text-sm text-page shadow-card"
        >
          <span className="min-w-0 truncate">Deleted “{titleOf(change)}”</span>
          <button
            type="button"
            aria-label={`Undo deleting ${titleOf(change)}`}
            aria-keyshortcuts="Control+Z"
            onClick={() => onUndo(change.key)}
            className="min-h-9 shrink-0 rounded-lg px-3 font-semibold underline underline-offset-4 hover:no-underline focus-visible:ring-page focus-visible:ring-offset-ink"
          >
            Undo
          </button>
        </div>
      ))}
    </section>
  );
}
