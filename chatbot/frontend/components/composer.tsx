"use client";

import { SendIcon, StopIcon } from "@todo/shared/ui/icons";
import { type FormEvent, type KeyboardEvent, type RefObject, useEffect } from "react";
import { MESSAGE_MAX } from "@/lib/protocol";

interface Props {
  inputRef: RefObject<HTMLTextAreaElement | null>;
  text: string;
  /** Whether an answer is coming: the next message can be written, and the answer be stopped. */
  busy: boolean;
  onWrite: (text: string) => void;
  onSend: () => void;
  onStop: () => void;
}

const BUTTON =
  "inline-flex h-10 w-10 shrink-0 items-center justify-center rounded-xl bg-accent text-on-accent transition-colors " +
  "hover:bg-accent-strong disabled:cursor-not-allowed disabled:opacity-40";

/** The field to write in: Enter sends, Shift+Enter begins a new line. */
export function Composer({ inputRef, text, busy, onWrite, onSend, onStop }: Props) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the field grows with its text.
  useEffect(() => {
    const field = inputRef.current;
    if (!field) return;
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 200)}px`;
  }, [text, inputRef]);

  function send() {
    inputRef.current?.focus();
    if (!busy) onSend();
  }

  function stop() {
    // The button goes with the answer.
    inputRef.current?.focus();
    onStop();
  }

  function onKeyDown(event: KeyboardEvent) {
    // While an input method composes, Enter chooses a character.
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  }

  return (
    <form
      aria-label="Write"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="flex items-end gap-2 rounded-2xl border border-field/70 bg-surface p-2 shadow-card focus-within:border-accent focus-within:ring-2 focus-within:ring-accent">
        <textarea
          ref={inputRef}
          aria-label="Message"
          aria-describedby="composer-hint"
          placeholder="What should happen?"
          rows={1}
          maxLength={MESSAGE_MAX}
          value={text}
          onChange={(event) => onWrite(event.target.value)}
          onKeyDown={onKeyDown}
          className="max-h-48 min-h-10 min-w-0 flex-1 resize-none bg-transparent px-2 py-2 text-base outline-none placeholder:text-muted focus-visible:ring-0 focus-visible:ring-offset-0"
        />
        {busy ? (
          <button type="button" aria-label="Stop" title="Stop" onClick={stop} className={BUTTON}>
            <StopIcon />
          </button>
        ) : (
          <button type="submit" aria-label="Send" title="Send" disabled={!text.trim()} className={BUTTON}>
            <SendIcon />
          </button>
        )}
      </div>
    </form>
  );
}
