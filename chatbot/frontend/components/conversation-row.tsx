"use client";

import { Button, IconButton } from "@todo/shared/ui/controls";
import { PencilIcon, TrashIcon } from "@todo/shared/ui/icons";
import { type FormEvent, type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import type { Conversation } from "@/lib/chat-store";
import { TITLE_MAX } from "@/lib/protocol";

interface Props {
  conversation: Conversation;
  open: boolean;
  onOpen: () => void;
  onRename: (title: string) => void;
  onRemove: () => void;
}

type Mode = "shown" | "renaming" | "removing";

/** One conversation: to open, to rename in its place, or to delete after a question. */
export function ConversationRow({ conversation: { title }, open, onOpen, onRename, onRemove }: Props) {
  const [mode, setMode] = useState<Mode>("shown");
  /** Where the keyboard goes back to. */
  const came = useRef<"pencil" | "trash" | null>(null);
  const row = useRef<HTMLLIElement>(null);

  useLayoutEffect(() => {
    if (mode === "renaming") row.current?.querySelector("input")?.select();
    else if (mode === "removing") row.current?.querySelector<HTMLElement>("[data-first]")?.focus();
    else if (came.current) row.current?.querySelector<HTMLElement>(`[data-${came.current}]`)?.focus();
    if (mode === "shown") came.current = null;
  }, [mode]);

  function begin(next: Mode) {
    came.current = next === "renaming" ? "pencil" : "trash";
    setMode(next);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Escape" || mode === "shown") return;
    // Closes this and not the whole list.
    event.stopPropagation();
    setMode("shown");
  }

  function rename(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const wanted = String(new FormData(event.currentTarget).get("title")).trim();
    if (wanted && wanted !== title) onRename(wanted);
    setMode("shown");
  }

  return (
    <li
      ref={row}
      data-testid="conversation"
      className={`rounded-lg ${open ? "bg-accent-soft" : mode === "shown" ? "hover:bg-sunken" : "bg-sunken"} ${mode === "shown" ? "flex items-center" : "p-2"}`}
    >
      {mode === "shown" && (
        <>
          <button
            type="button"
            aria-current={open ? "true" : undefined}
            onClick={onOpen}
            title={title}
            className="min-h-10 min-w-0 flex-1 truncate rounded-lg px-3 text-left text-sm"
          >
            {title}
          </button>
          <IconButton label={`Rename conversation ${title}`} data-pencil onClick={() => begin("renaming")}>
            <PencilIcon />
          </IconButton>
          <IconButton label={`Delete conversation ${title}`} data-trash danger onClick={() => begin("removing")}>
            <TrashIcon />
          </IconButton>
        </>
      )}
      {mode === "renaming" && (
        <form onSubmit={rename} onKeyDown={onKeyDown} aria-label={`Rename conversation ${title}`} className="space-y-2">
          <input
            name="title"
            aria-label="Title"
            defaultValue={title}
            maxLength={TITLE_MAX}
            autoComplete="off"
            className="control"
          />
          <div className="flex gap-2">
            <Button type="submit" variant="primary" compact>
              Save
            </Button>
            <Button compact onClick={() => setMode("shown")}>
              Cancel
            </Button>
          </div>
        </form>
      )}
      {mode === "removing" && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms.
        <div role="group" aria-label={`Delete ${title}?`} onKeyDown={onKeyDown} className="space-y-2">
          <p className="break-words px-1 text-sm">Delete “{title}”? Tasks stay as they are.</p>
          <div className="flex gap-2">
            <Button variant="danger" compact className="border border-danger/40" onClick={onRemove}>
              Delete
            </Button>
            <Button data-first compact onClick={() => setMode("shown")}>
              Cancel
            </Button>
          </div>
        </div>
      )}
    </li>
  );
}
