"use client";

import type { Drafts } from "@todo/shared/client/drafts";
import { Button, TextArea, TextField } from "@todo/shared/ui/controls";
import { PlusIcon } from "@todo/shared/ui/icons";
import { type FormEvent, type RefObject, useEffect, useRef, useState } from "react";
import type { Add } from "@/lib/changes";
import { DESCRIPTION_MAX, type Draft, TITLE_MAX } from "@/lib/tasks";

interface Props {
  inputRef: RefObject<HTMLInputElement | null>;
  /** Where what is typed survives a reload. */
  drafts: Drafts;
  /** New tasks that were refused: the text of one comes back into the form. */
  failed: Add[];
  /** The keys of new tasks that are not confirmed yet. */
  adding: string[];
  /** `key` is that of the refused attempt with the same text. */
  onAdd: (draft: Draft, key?: string) => void;
  onDiscard: (key: string) => void;
}

const BLANK: Draft = { title: "", description: "", due_date: null };

function same(one: Draft, other: Draft): boolean {
  return one.title === other.title && one.description === other.description && one.due_date === other.due_date;
}

/** The form for a new task. It is free for the next one as soon as a task is added. */
export function NewTask({ inputRef, drafts, failed, adding, onAdd, onDiscard }: Props) {
  const [form, setForm] = useState<Draft>(() => drafts.read<Draft>("new") ?? BLANK);
  const [open, setOpen] = useState(form.description !== "");
  const [error, setError] = useState("");
  /** The refused attempt whose text this is. */
  const attempt = useRef<string | null>(null);

  function show(next: Draft) {
    setForm(next);
    setOpen((before) => (next === BLANK ? false : before || next.description !== ""));
    drafts.write("new", same(next, BLANK) ? null : next);
  }

  function write(values: Partial<Draft>) {
    show({ ...form, ...values });
    setError("");
    // Another text is another task.
    if (attempt.current) onDiscard(attempt.current);
    attempt.current = null;
  }

  // biome-ignore lint/correctness/useExhaustiveDependencies: only what was refused or is sent again moves text.
  useEffect(() => {
    if (attempt.current && !failed.some(({ key }) => key === attempt.current)) {
      if (adding.includes(attempt.current)) show(BLANK);
      attempt.current = null;
    }
    const back = failed.find(({ draft }) => same(form, BLANK) || same(form, draft));
    if (!attempt.current && back) {
      attempt.current = back.key;
      show(back.draft);
    }
  }, [failed, adding]);

  function submit(event: FormEvent) {
    event.preventDefault();
    inputRef.current?.focus();
    const draft = { ...form, title: form.title.trim(), description: form.description.trim() };
    if (!draft.title) {
      setError("Give the task a title.");
      return;
    }
    const key = attempt.current ?? undefined;
    attempt.current = null;
    show(BLANK);
    onAdd(draft, key);
  }

  return (
    <form onSubmit={submit} noValidate className="card p-4" aria-label="Add a task">
      <div className="flex items-start gap-3">
        <TextField
          ref={inputRef}
          label="New task"
          hideLabel
          placeholder="What needs doing?"
          className="min-w-0 flex-1"
          maxLength={TITLE_MAX}
          autoComplete="off"
          value={form.title}
          error={error}
          onChange={(event) => write({ title: event.target.value })}
        />
        <Button type="submit" variant="primary" className="shrink-0">
          <PlusIcon />
          Add
        </Button>
      </div>
      <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2">
        <label className="flex items-center gap-2 text-sm text-muted">
          Due date
          <input
            type="date"
            value={form.due_date ?? ""}
            onChange={(event) => write({ due_date: event.target.value || null })}
            className="control w-auto py-1 text-sm"
          />
        </label>
        {!open && (
          <Button variant="ghost" compact className="-ml-2.5 sm:ml-0" onClick={() => setOpen(true)}>
            Add a description
          </Button>
        )}
      </div>
      {open && (
        <TextArea
          label="Description"
          className="mt-3"
          rows={3}
          autoFocus={form.description === ""}
          maxLength={DESCRIPTION_MAX}
          value={form.description}
          onChange={(event) => write({ description: event.target.value })}
        />
      )}
    </form>
  );
}
