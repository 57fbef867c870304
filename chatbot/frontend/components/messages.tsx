"use client";

import { type ReactNode, useLayoutEffect, useRef } from "react";
import type { Snapshot } from "@/lib/chat-store";
import { MessageItem, Thinking } from "./message-item";

interface Props {
  entries: Snapshot["entries"];
  turn: Snapshot["turn"];
  /** What comes before the messages. */
  children: ReactNode;
}

/** Whoever is nearer to the end than this reads what is new. */
const NEAR_PX = 120;

/** What was said. It stays at its end while that grows, unless the reader looks at something earlier. */
export function Messages({ entries, turn, children }: Props) {
  const scroll = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const busy = turn?.state === "under way";
  const answering = busy && entries.at(-1)?.role === "assistant";
  const own = entries.at(-1)?.role === "user" ? entries.length : 0;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what the reader just wrote is to be seen.
  useLayoutEffect(() => {
    atEnd.current = true;
  }, [own]);

  useLayoutEffect(() => {
    const box = scroll.current;
    if (box && atEnd.current) box.scrollTop = box.scrollHeight;
  });

  return (
    // Scrolled by keyboard, too: a conversation may have nothing in it to go to by Tab.
    <section
      ref={scroll}
      aria-label="Messages"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: see above.
      tabIndex={0}
      data-testid="messages"
      className="min-h-0 flex-1 overflow-y-auto px-4 focus-visible:ring-inset focus-visible:ring-offset-0"
      onScroll={({ currentTarget: box }) => {
        atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      }}
    >
      <div className="mx-auto flex min-h-full max-w-3xl flex-col py-6">
        {children}
        {entries.length > 0 && (
          <ol aria-label="What was said" className="space-y-5">
            {entries.map((entry, index) => {
              const last = entry.role === "assistant" && index === entries.length - 1;
              return (
                <MessageItem
                  key={entry.id}
                  entry={entry}
                  coming={last && busy}
                  stopped={last && turn?.state === "stopped"}
                />
              );
            })}
            {busy && !answering && <Thinking doing={turn.progress} />}
          </ol>
        )}
      </div>
    </section>
  );
}
