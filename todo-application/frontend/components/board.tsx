"use client";

import type { User } from "@todo/shared/client/session";
import { count, isoDay } from "@todo/shared/format";
import { Alert, Button, Spinner } from "@todo/shared/ui/controls";
import { useEffect, useRef, useState } from "react";
import { createTask, deleteTask, type Query, type Task, toggleTask } from "@/lib/tasks";
import { useTasks } from "@/lib/use-tasks";
import { Empty } from "./empty";
import { NewTask } from "./new-task";
import { Sidebar } from "./sidebar";
import { TaskItem } from "./task-item";
import { Toolbar } from "./toolbar";

const EVERYTHING: Query = { status: "all", sort: "created", q: "" };
const UNDO_MS = 8_000;

/** The reader's tasks and everything that can be done with them. */
export function Board({ user, chatbotUrl }: { user: User; chatbotUrl: string }) {
  const [query, setQuery] = useState<Query>(EVERYTHING);
  const { loaded, loading, failure, load, run, preview, showMore } = useTasks(query);
  const [said, setSaid] = useState("");
  const [deleted, setDeleted] = useState<Task | null>(null);
  const newTask = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const removing = useRef<{ id: number; index: number } | null>(null);
  const now = new Date();
  const today = isoDay(now);

  useEffect(() => {
    if (!deleted) return;
    const timer = setTimeout(() => setDeleted(null), UNDO_MS);
    return () => clearTimeout(timer);
  }, [deleted]);

  // The pressed button goes with its task: the keyboard goes on at the task that took its place.
  useEffect(() => {
    const gone = removing.current;
    if (!gone || !loaded || loaded.tasks.some(({ id }) => id === gone.id)) return;
    removing.current = null;
    const boxes = list.current?.querySelectorAll<HTMLInputElement>("input[type=checkbox]");
    (boxes?.[Math.min(gone.index, boxes.length - 1)] ?? newTask.current)?.focus();
  }, [loaded]);

  async function toggle(task: Task) {
    preview(task.id, { completed: !task.completed });
    if (await run(() => toggleTask(task.id))) {
      setSaid(`${task.title} is ${task.completed ? "pending again" : "completed"}.`);
    } else {
      preview(task.id, { completed: task.completed });
    }
  }

  async function remove(task: Task, index: number) {
    removing.current = { id: task.id, index };
    if (await run(() => deleteTask(task.id))) {
      setDeleted(task);
      setSaid(`${task.title} is deleted.`);
    } else {
      removing.current = null;
    }
  }

  async function restore({ title, description, due_date, completed }: Task) {
    setDeleted(null);
    if (await run(() => createTask({ title, description: description ?? "", due_date, completed }))) {
      setSaid(`${title} is back.`);
    }
  }

  const counts = loaded?.counts;
  const filtered = query.status !== "all" || query.q !== "";
  return (
    <main className="mx-auto grid max-w-6xl gap-6 px-4 py-6 sm:py-10 lg:grid-cols-[minmax(0,1fr)_18rem] lg:gap-10">
      <div className="min-w-0">
        <div className="mb-6">
          <p className="text-sm text-muted">
            {now.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" })}
          </p>
          <h2 className="mt-1 break-words text-2xl font-bold tracking-tight sm:text-3xl">
            {user.name ? `Hello, ${user.name}` : "Your tasks"}
          </h2>
        </div>

        <NewTask
          inputRef={newTask}
          onAdd={async (draft) => {
            const done = await run(() => createTask(draft));
            if (done) setSaid(`${draft.title} is added.`);
            return done;
          }}
        />

        <section aria-label="Tasks" className="mt-6">
          <Toolbar query={query} counts={counts} onChange={setQuery} />
          {failure && (
            <div className="mt-4">
              <Alert
                requestId={(failure.status ?? 500) >= 500 ? failure.requestId : null}
                action={<Button onClick={() => void load()}>Try again</Button>}
              >
                {failure.message}
              </Alert>
            </div>
          )}
          {!loaded && loading && (
            <div className="flex justify-center py-16">
              <Spinner label="Loading tasks…" />
            </div>
          )}
          {loaded && loaded.tasks.length === 0 && (
            <Empty filtered={filtered} onReset={() => setQuery({ ...query, status: "all", q: "" })} />
          )}
          {loaded && loaded.tasks.length > 0 && (
            <ul ref={list} aria-busy={loading} className="card mt-4 divide-y divide-line">
              {loaded.tasks.map((task, index) => (
                <TaskItem
                  key={task.id}
                  task={task}
                  today={today}
                  onToggle={() => toggle(task)}
                  onDelete={() => remove(task, index)}
                  onSave={async (save) => {
                    const done = await run(save);
                    if (done) setSaid(`${task.title} is saved.`);
                    return done;
                  }}
                />
              ))}
            </ul>
          )}
          {loaded && loaded.tasks.length > 0 && (
            <div className="mt-3 flex items-center justify-between px-1 text-sm text-muted">
              <p data-testid="shown">
                {loaded.total > loaded.tasks.length
                  ? `${loaded.tasks.length} of ${count(loaded.total, "task")}`
                  : count(loaded.total, "task")}
              </p>
              {loaded.total > loaded.tasks.length && loaded.tasks.length < 500 && (
                <Button variant="ghost" busy={loading} onClick={showMore}>
                  Show more
                </Button>
              )}
            </div>
          )}
        </section>
      </div>

      <Sidebar counts={counts} chatbotUrl={chatbotUrl} />

      <p className="sr-only" aria-live="polite">
        {said}
      </p>
      {deleted && (
        <div className="fixed inset-x-0 bottom-4 z-30 flex justify-center px-4">
          <div className="flex max-w-full animate-appear items-center gap-3 rounded-xl bg-ink py-2 pl-4 pr-2 text-sm text-page shadow-card">
            <span className="min-w-0 truncate">Deleted “{deleted.title}”</span>
            <button
              type="button"
              onClick={() => void restore(deleted)}
              className="min-h-9 shrink-0 rounded-lg px-3 font-semibold underline underline-offset-4 hover:no-underline focus-visible:ring-page focus-visible:ring-offset-ink"
            >
              Undo
            </button>
          </div>
        </div>
      )}
    </main>
  );
}
