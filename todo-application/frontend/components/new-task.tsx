"use client";

import { Button, TextArea, TextField } from "@todo/shared/ui/controls";
import { PlusIcon } from "@todo/shared/ui/icons";
import { type FormEvent, type RefObject, useState } from "react";
import { DESCRIPTION_MAX, type Draft, TITLE_MAX } from "@/lib/tasks";

interface Props {
  inputRef: RefObject<HTMLInputElement | null>;
  /** Says whether the task was added; what was typed stays if not. */
  onAdd: (draft: Draft) => Promise<boolean>;
}

/** The form for a new task. */
export function NewTask({ inputRef, onAdd }: Props) {
  const [title, setTitle] = useState("");
  const [description, setDescription] = useState("");
  const [due, setDue] = useState("");
  const [open, setOpen] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!title.trim()) {
      setError("Give the task a title.");
      inputRef.current?.focus();
      return;
    }
    setBusy(true);
    const done = await onAdd({ title: title.trim(), description: description.trim(), due_date: due || null });
    setBusy(false);
    if (done) {
      setTitle("");
      setDescription("");
      setDue("");
      setOpen(false);
    }
    inputRef.current?.focus();
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
          value={title}
          error={error}
          onChange={(event) => {
            setTitle(event.target.value);
            setError("");
          }}
        />
        <Button type="submit" variant="primary" busy={busy} className="shrink-0">
          {!busy && <PlusIcon />}
          Add
        </Button>
      </div>
      <div className="mt-3 flex flex-wrap items-center gap-x-4 gap-y-2">
        <label className="flex items-center gap-2 text-sm text-muted">
          Due date
          <input
            type="date"
            value={due}
            onChange={(event) => setDue(event.target.value)}
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
          autoFocus
          maxLength={DESCRIPTION_MAX}
          value={description}
          onChange={(event) => setDescription(event.target.value)}
        />
      )}
    </form>
  );
}
