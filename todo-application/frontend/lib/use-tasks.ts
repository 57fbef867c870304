"use client";

import { type Failure, failureOf } from "@todo/shared/client/api";
import { useSession } from "@todo/shared/client/session";
import { isCancel } from "axios";
import { useCallback, useEffect, useRef, useState } from "react";
import { type Counts, countTasks, listTasks, PAGE_SIZE, type Query, type Task } from "./tasks";

interface Loaded {
  tasks: Task[];
  total: number;
  counts: Counts;
}

/**
 * Holds the tasks of a query. While a changed query loads, the former tasks stay, so that the page doesn't jump.
 * `run` carries out a change and loads again; it says whether the change was made.
 */
export function useTasks(query: Query) {
  const { expire } = useSession();
  const { status, sort, q } = query;
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  const [loading, setLoading] = useState(true);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [limit, setLimit] = useState(PAGE_SIZE);
  const request = useRef<AbortController | null>(null);

  const fail = useCallback(
    (error: unknown) => {
      if (isCancel(error)) return;
      const found = failureOf(error);
      if (found.status === 401) expire();
      else setFailure(found);
    },
    [expire],
  );

  const load = useCallback(async () => {
    request.current?.abort();
    const current = new AbortController();
    request.current = current;
    setLoading(true);
    try {
      const [page, counts] = await Promise.all([
        listTasks({ status, sort, q }, limit, current.signal),
        countTasks(current.signal),
      ]);
      setLoaded({ ...page, counts });
      setFailure(null);
    } catch (error) {
      fail(error);
    } finally {
      if (request.current === current) setLoading(false);
    }
  }, [status, sort, q, limit, fail]);

  /** Changes go one after the other: a task that was just ticked and then deleted must not be ticked last. */
  const queue = useRef<Promise<unknown>>(Promise.resolve());
  // A change that ends after the query was changed has to load what is asked for by then.
  const latest = useRef(load);

  useEffect(() => {
    latest.current = load;
    void load();
    return () => request.current?.abort();
  }, [load]);

  const run = useCallback(
    async (change: () => Promise<unknown>): Promise<boolean> => {
      const mine = queue.current.then(change);
      queue.current = mine.catch(() => undefined);
      try {
        await mine;
      } catch (error) {
        fail(error);
        return false;
      }
      setFailure(null);
      await latest.current();
      return true;
    },
    [fail],
  );

  /** Show a change of one task before the server has confirmed it. */
  const preview = useCallback((id: number, change: Partial<Task>) => {
    setLoaded(
      (current) =>
        current && { ...current, tasks: current.tasks.map((task) => (task.id === id ? { ...task, ...change } : task)) },
    );
  }, []);

  const showMore = useCallback(() => setLimit((current) => Math.min(current + PAGE_SIZE, 500)), []);
  return { loaded, loading, failure, load, run, preview, showMore };
}
