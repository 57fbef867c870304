"use client";

import { dueIn } from "@todo/shared/format";
import { Button, IconButton, TextArea, TextField } from "@todo/shared/ui/controls";
import { CalendarIcon, PencilIcon, TrashIcon } from "@todo/shared/ui/icons";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { changeTask, DESCRIPTION_MAX, type Task, TITLE_MAX } from "@/lib/tasks";

const TONES = {
  overdue: "bg-danger-soft text-danger",
  soon: "bg-warn-soft text-warn",
  later: "bg-sunken text-muted",
} as const;

interface Props {
  task: Task;
  today: string;
  onToggle: () => Promise<void>;
  onDelete: () => Promise<void>;
  /** Carries out a change and says whether it was made. */
  onSave: (save: () => Promise<unknown>) => Promise<boolean>;
}

/** One task: read, completed, deleted, or being edited. */
export function TaskItem({ task, today, onToggle, onDelete, onSave }: Props) {
  const [editing, setEditing] = useState(false);
  const edit = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);

  useEffect(() => {
    // Back from the form, the keyboard is where it was before.
    if (wasEditing.current && !editing) edit.current?.focus();
    wasEditing.current = editing;
  }, [editing]);

  if (editing) {
    return (
      <li className="p-4">
        <EditForm
          task={task}
          onCancel={() => setEditing(false)}
          onSave={async (save) => {
            const done = await onSave(save);
            if (done) setEditing(false);
            return done;
          }}
        />
      </li>
    );
  }
  return (
    <li className="group flex items-start gap-3 px-4 py-3" data-testid="task">
      <Reading task={task} today={today} onToggle={onToggle} />
      <div className="flex shrink-0 items-center transition-opacity group-focus-within:opacity-100 group-hover:opacity-100 [@media(hover:hover)]:opacity-70">
        <IconButton ref={edit} label={`Edit ${task.title}`} onClick={() => setEditing(true)}>
          <PencilIcon />
        </IconButton>
        <DeleteButton title={task.title} onDelete={onDelete} />
      </div>
    </li>
  );
}

function Reading({ task, today, onToggle }: Pick<Props, "task" | "today" | "onToggle">) {
  const id = useId();
  const due = task.due_date ? dueIn(task.due_date, today) : null;
  return (
    <>
      <input
        id={id}
        type="checkbox"
        checked={task.completed}
        onChange={() => void onToggle()}
        className="mt-1.5 h-5 w-5 shrink-0 cursor-pointer accent-[rgb(var(--accent))]"
      />
      <div className="min-w-0 flex-1 py-1">
        <label
          htmlFor={id}
          className={`cursor-pointer break-words font-medium ${task.completed ? "text-muted line-through" : ""}`}
        >
          {task.title}
        </label>
        {task.description && (
          <p className="mt-0.5 whitespace-pre-line break-words text-sm text-muted">{task.description}</p>
        )}
        <p className="mt-1 flex flex-wrap items-center gap-2 text-xs">
          <span className="tabular-nums text-muted" title="The number by which the chatbot knows it">
            #{task.id}
          </span>
          {due && (
            <span
              className={`inline-flex items-center gap-1 rounded-full px-2 py-0.5 font-medium ${TONES[task.completed ? "later" : due.tone]}`}
            >
              <CalendarIcon />
              <span className="sr-only">Due </span>
              <time dateTime={task.due_date ?? undefined}>{due.text}</time>
            </span>
          )}
        </p>
      </div>
    </>
  );
}

function DeleteButton({ title, onDelete }: { title: string; onDelete: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  return (
    <IconButton
      label={`Delete ${title}`}
      danger
      disabled={busy}
      onClick={async () => {
        setBusy(true);
        await onDelete();
        setBusy(false);
      }}
    >
      <TrashIcon />
    </IconButton>
  );
}

function EditForm({ task, onCancel, onSave }: { task: Task; onCancel: () => void; onSave: Props["onSave"] }) {
  const [title, setTitle] = useState(task.title);
  const [description, setDescription] = useState(task.description ?? "");
  const [due, setDue] = useState(task.due_date ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (!title.trim()) {
      setError("Give the task a title.");
      return;
    }
    setBusy(true);
    const draft = { title: title.trim(), description: description.trim(), due_date: due || null };
    if (!(await onSave(() => changeTask(task.id, draft)))) setBusy(false);
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
      <TextField
        label="Title"
        autoFocus
        maxLength={TITLE_MAX}
        value={title}
        error={error}
        onChange={(event) => setTitle(event.target.value)}
      />
      <TextArea
        label="Description"
        rows={3}
        maxLength={DESCRIPTION_MAX}
        value={description}
        onChange={(event) => setDescription(event.target.value)}
      />
      <TextField
        label="Due date"
        type="date"
        className="max-w-48"
        value={due}
        onChange={(event) => setDue(event.target.value)}
      />
      <div className="flex gap-2">
        <Button type="submit" variant="primary" busy={busy}>
          Save
        </Button>
        <Button onClick={onCancel}>Cancel</Button>
      </div>
    </form>
  );
}
