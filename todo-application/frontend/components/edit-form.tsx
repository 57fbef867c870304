"use client";

import { Button, TextArea, TextField } from "@todo/shared/ui/controls";
import { type FormEvent, useRef, useState } from "react";
import type { OpenEdit } from "@/lib/task-store";
import { DESCRIPTION_MAX, type Draft, type Task, TITLE_MAX } from "@/lib/tasks";

interface Props {
  /** The task as it is now. */
  task: Task;
  open: OpenEdit;
  /** Called with what is in the form at each change. */
  onWrite: (draft: Draft) => void;
  onCancel: () => void;
  onSave: (draft: Draft) => void;
}

/** The form in a task's place. What is typed is kept by the caller, so that it outlives the form. */
export function EditForm({ task, open, onWrite, onCancel, onSave }: Props) {
  const [draft, setDraft] = useState(open.draft);
  const [error, setError] = useState("");
  const titleField = useRef<HTMLInputElement>(null);
  const changedElsewhere = open.version !== task.version;

  function write(values: Partial<Draft>) {
    const next = { ...draft, ...values };
    setDraft(next);
    setError("");
    onWrite(next);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    const title = draft.title.trim();
    if (title) return onSave({ ...draft, title, description: draft.description.trim() });
    setError("Give the task a title.");
    titleField.current?.focus();
  }

  return (
    <form
      onSubmit={submit}
      noValidate
      aria-label={`Edit ${task.title}`}
      className="space-y-3"
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
      }}
    >
      {changedElsewhere && (
        <div role="status" className="rounded-lg bg-warn-soft px-3 py-2 text-sm text-warn">
          <p className="font-medium">Changed elsewhere meanwhile. Saving replaces this:</p>
          <p className="break-words">{[task.title, task.description, task.due_date].filter(Boolean).join(" · ")}</p>
        </div>
      )}
      <TextField
        ref={titleField}
        label="Title"
        autoFocus
        maxLength={TITLE_MAX}
        value={draft.title}
        error={error}
        onChange={(event) => write({ title: event.target.value })}
      />
      <TextArea
        label="Description"
        rows={3}
        maxLength={DESCRIPTION_MAX}
        value={draft.description}
        onChange={(event) => write({ description: event.target.value })}
      />
      <TextField
        label="Due date"
        type="date"
        className="max-w-48"
        value={draft.due_date ?? ""}
        onChange={(event) => write({ due_date: event.target.value || null })}
      />
      <div className="flex gap-2">
        <Button type="submit" variant="primary">
          Save
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}
