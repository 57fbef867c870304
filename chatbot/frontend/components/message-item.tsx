import { Mark } from "@todo/shared/ui/icons";
import { memo } from "react";
import type { Entry } from "@/lib/items";
import { Chips } from "./chips";

interface Props {
  entry: Entry;
  /** Whether more of it is coming. */
  coming: boolean;
  /** Whether the reader stopped it. */
  stopped: boolean;
}

/** One message: the reader's to the right, the assistant's with what it did. All text is shown as it is. */
export const MessageItem = memo(function MessageItem({ entry, coming, stopped }: Props) {
  if (entry.role === "user") {
    return (
      <li className="flex animate-appear justify-end" data-testid="user-message">
        <p className="max-w-[85%] whitespace-pre-wrap break-words rounded-2xl rounded-br-md bg-accent px-4 py-2.5 text-on-accent">
          <span className="sr-only">You: </span>
          {entry.text}
        </p>
      </li>
    );
  }
  return (
    <li
      className="flex animate-appear items-start gap-3"
      data-testid="assistant-message"
      aria-busy={coming || undefined}
    >
      <Mark className="mt-0.5 h-7 w-7 shrink-0" />
      <div className="flex min-w-0 max-w-[85%] flex-col items-start gap-2">
        <Chips steps={entry.steps} />
        {coming && !entry.text && <Dots />}
        {entry.text && (
          <p className="max-w-full whitespace-pre-wrap break-words rounded-2xl rounded-tl-md border border-line bg-surface px-4 py-2.5">
            <span className="sr-only">Assistant: </span>
            {entry.text}
            {coming && (
              <span
                aria-hidden="true"
                className="ml-1 inline-block h-4 w-1.5 animate-pulse bg-muted align-text-bottom"
              />
            )}
          </p>
        )}
        {stopped && <p className="text-xs text-muted">Stopped</p>}
      </div>
    </li>
  );
}, same);

function same(before: Props, after: Props): boolean {
  if (before.coming !== after.coming || before.stopped !== after.stopped) return false;
  const [one, other] = [before.entry, after.entry];
  if (one.id !== other.id || one.text !== other.text) return false;
  // Every entry is made anew; the steps in it stay the same objects.
  return (
    one.role !== "assistant" ||
    other.role !== "assistant" ||
    (one.steps.length === other.steps.length && one.steps.every((step, index) => step === other.steps[index]))
  );
}

/** Shown while nothing of an answer is there. */
export function Thinking({ doing }: { doing: string }) {
  return (
    <li className="flex items-center gap-3" role="status">
      <Mark className="h-7 w-7 shrink-0" />
      <span className={doing ? "text-sm text-muted" : "sr-only"}>{doing || "The assistant is working…"}</span>
      {!doing && <Dots />}
    </li>
  );
}

function Dots() {
  return (
    <span aria-hidden="true" className="flex gap-1 rounded-2xl rounded-tl-md border border-line bg-surface px-4 py-4">
      {["", "[animation-delay:150ms]", "[animation-delay:300ms]"].map((delay) => (
        <span key={delay} className={`h-1.5 w-1.5 animate-pulse rounded-full bg-muted ${delay}`} />
      ))}
    </span>
  );
}
