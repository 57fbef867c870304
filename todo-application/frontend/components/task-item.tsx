"use client";

import { dueIn } from "@todo/shared/format";
import { IconButton } from "@todo/shared/ui/controls";
import { CalendarIcon, PencilIcon, TrashIcon } from "@todo/shared/ui/icons";
import { memo, useId, useLayoutEffect, useRef } from "react";
import type { OpenEdit, TaskStore } from "@/lib/task-store";
import type { Task } from "@/lib/tasks";
import { EditForm } from "./edit-form";

const TONES = {
  overdue: "bg-danger-soft text-danger",
  soon: "bg-warn-soft text-warn",
  later: "bg-sunken text-muted",
} as const;

interface Props {
  task: Task;
  today: string;
  /** Its form, where it is being edited. */
  open: OpenEdit | undefined;
  store: TaskStore;
}

/** One task: read, completed, deleted, or being edited. */
export const TaskItem = memo(function TaskItem({ task, today, open, store }: Props) {
  const edit = useRef<HTMLButtonElement>(null);
  const wasEditing = useRef(false);
  const editing = open !== undefined;

  useLayoutEffect(() => {
    // Back from the form, the keyboard is where it was before.
    if (wasEditing.current && !editing) edit.current?.focus();
    wasEditing.current = editing;
  }, [editing]);

  if (editing) {
    return (
      <li className="p-4" data-task={task.id}>
        <EditForm
          task={task}
          open={open}
          onWrite={(draft) => store.keepEdit(task.id, draft)}
          onCancel={() => store.closeEdit(task.id)}
          onSave={(draft) => store.saveEdit(task, draft)}
        />
      </li>
    );
  }
  return (
    <li className="group flex items-start gap-3 px-4 py-3" data-testid="task" data-task={task.id}>
      <Reading task={task} today={today} onToggle={() => store.tick(task)} />
      <div className="flex shrink-0 items-center">
        <IconButton ref={edit} label={`Edit ${task.title}`} onClick={() => store.openEdit(task)}>
          <PencilIcon />
        </IconButton>
        <IconButton label={`Delete ${task.title}`} danger onClick={() => store.remove(task)}>
          <TrashIcon />
        </IconButton>
      </div>
    </li>
  );
});

function Reading({ task, today, onToggle }: { task: Task; today: string; onToggle: () => void }) {
  const id = useId();
  const due = task.due_date ? dueIn(task.due_date, today) : null;
  const tone = due && (task.completed ? "later" : due.tone);
  return (
    <>
      <input
        id={id}
        type="checkbox"
        checked={task.completed}
        onChange={onToggle}
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
          {task.id > 0 && (
            <span className="tabular-nums text-muted" title="The number by which the chatbot knows it">
              #{task.id}
            </span>
          )}
          {due && tone && (
            <span
              className={`inline-flex items-center gap-1 whitespace-nowrap rounded-full px-2 py-0.5 font-medium ${TONES[tone]}`}
              data-testid={tone === "overdue" ? "overdue" : undefined}
            >
              <CalendarIcon />
              {/* Never by colour alone: a narrow screen has the words of the date. */}
              <span className={tone === "overdue" ? "sr-only sm:not-sr-only" : "sr-only"}>
                {tone === "overdue" ? "Overdue: " : "Due "}
              </span>
              <time dateTime={task.due_date ?? undefined}>{due.text}</time>
            </span>
          )}
        </p>
      </div>
    </>
  );
}
