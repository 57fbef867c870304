"use client";

import { draftsOf } from "@todo/shared/client/drafts";
import type { User } from "@todo/shared/client/session";
import { count, isoDay } from "@todo/shared/format";
import { Button, Spinner } from "@todo/shared/ui/controls";
import { useEffect, useRef } from "react";
import type { Add } from "@/lib/changes";
import { useTaskStore } from "@/lib/use-task-store";
import { Empty } from "./empty";
import { useKeptFocus } from "./kept-focus";
import { NewTask } from "./new-task";
import { Sidebar } from "./sidebar";
import { TaskItem } from "./task-item";
import { Toolbar } from "./toolbar";
import { Trouble } from "./trouble";
import { UndoList } from "./undo-list";

/** The reader's tasks and everything that can be done with them. */
export function Board({ user, chatbotUrl }: { user: User; chatbotUrl: string }) {
  const { store, ...shown } = useTaskStore(user.id);
  const { query, listing, loading, failure, failed, held, edits, said } = shown;
  const newTask = useRef<HTMLInputElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const section = useRef<HTMLElement>(null);
  const focusRow = useKeptFocus(section, newTask);
  const now = new Date();
  const today = isoDay(now);
  const tasks = listing?.tasks ?? [];
  const more = listing !== null && listing.total > tasks.length;
  const aside = loading ? [] : Object.keys(edits).filter((id) => !tasks.some((task) => task.id === Number(id)));

  function undo(key?: string) {
    const id = store.undo(key);
    if (id !== null) focusRow({ id });
  }

  useUndoKey(() => undo());

  function showAll() {
    store.setQuery({ ...query, status: "all", q: "" });
    search.current?.focus();
  }

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
          drafts={draftsOf(user.id)}
          failed={failed.filter((change): change is Add => change.kind === "add")}
          adding={shown.adding}
          onAdd={(draft, key) => store.add(draft, key)}
          onDiscard={(key) => store.discard([key])}
        />

        <section ref={section} aria-label="Tasks" className="mt-6">
          <Toolbar
            searchRef={search}
            query={query}
            counts={listing?.counts ?? null}
            onChange={(wanted) => store.setQuery(wanted)}
          />
          <Trouble
            failure={failure}
            failed={failed}
            onRetry={() => store.retry()}
            onDismiss={() => store.discard(failed.map(({ key }) => key))}
          />
          {aside.length > 0 && listing && (
            <div
              role="status"
              className="mt-4 flex flex-wrap items-center justify-between gap-3 rounded-xl bg-warn-soft px-4 py-2 text-sm text-warn"
            >
              <p>{count(aside.length, "edit")} not saved yet: not in the list that is shown.</p>
              {(query.status !== "all" || query.q !== "") && <Button onClick={showAll}>Show all tasks</Button>}
            </div>
          )}
          {!listing && loading && (
            <div className="flex justify-center py-16">
              <Spinner label="Loading tasks…" />
            </div>
          )}
          {listing && tasks.length === 0 && (
            <Empty filtered={listing.query.status !== "all" || listing.query.q !== ""} onReset={showAll} />
          )}
          {tasks.length > 0 && (
            <ul aria-busy={loading} className="card mt-4 divide-y divide-line">
              {tasks.map((task) => (
                <TaskItem key={store.rowOf(task.id)} task={task} today={today} open={edits[task.id]} store={store} />
              ))}
            </ul>
          )}
          {listing && tasks.length > 0 && (
            <div className="mt-3 flex items-center justify-between px-1 text-sm text-muted">
              <p data-testid="shown">
                {more ? `${tasks.length} of ${count(listing.total, "task")}` : count(listing.total, "task")}
              </p>
              {more && (
                <Button
                  variant="ghost"
                  busy={loading}
                  onClick={() => {
                    const next = tasks.length;
                    void store.showMore().then(() => focusRow({ index: next }));
                  }}
                >
                  Show more
                </Button>
              )}
            </div>
          )}
        </section>
      </div>

      <Sidebar counts={listing?.counts ?? null} chatbotUrl={chatbotUrl} />

      <p className="sr-only" aria-live="polite">
        {said}
      </p>
      <UndoList held={held} onUndo={undo} onPause={() => store.pauseUndo()} onResume={() => store.resumeUndo()} />
    </main>
  );
}

/** Ctrl+Z (or Cmd+Z) where it does not take back what is typed. */
function useUndoKey(undo: () => void) {
  const latest = useRef(undo);
  useEffect(() => {
    latest.current = undo;
  });
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent) {
      if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
      const field = event.target as HTMLInputElement;
      if (field.matches("textarea, select, input:not([type=checkbox])") && field.value) return;
      event.preventDefault();
      latest.current();
    }
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
