"use client";

import { draftsOf } from "@todo/shared/client/drafts";
import { type User, useSession } from "@todo/shared/client/session";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { NewsTimer } from "./news";
import { TaskStore } from "./task-store";
import { taskApi } from "./tasks";

/** A list that could not be had, or has no state, is loaded again when the reader comes back after so long. */
const FRESH_MS = 5_000;
/** Signing out waits so long for changes that are on their way. */
const SETTLE_MS = 5_000;

/** Gives the reader's tasks to the page, and tells them what happens to the page. */
export function useTaskStore(userId: User["id"]) {
  const { expire, onLeave } = useSession();
  const expired = useRef(expire);
  const [store] = useState(
    () => new TaskStore({ api: taskApi, drafts: draftsOf(userId), onExpired: () => expired.current() }),
  );
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);

  useEffect(() => {
    expired.current = expire;
  }, [expire]);

  useEffect(() => {
    store.start();
    const news = new NewsTimer(() => store.look());
    let hidden = 0;
    const onVisible = () => {
      if (document.visibilityState === "hidden") {
        hidden = Date.now();
        news.stop();
        return;
      }
      if (hidden && Date.now() - hidden > FRESH_MS && !store.hasState) void store.load();
      news.resume();
    };
    if (document.visibilityState !== "hidden") news.start();
    const onOnline = () => store.recover();
    const onHide = () => store.leavePage();
    window.addEventListener("online", onOnline);
    window.addEventListener("pagehide", onHide);
    document.addEventListener("visibilitychange", onVisible);
    return () => {
      window.removeEventListener("online", onOnline);
      window.removeEventListener("pagehide", onHide);
      document.removeEventListener("visibilitychange", onVisible);
      news.stop();
      store.stop();
    };
  }, [store]);

  useEffect(
    () => onLeave(() => Promise.race([store.settle(), new Promise<void>((done) => setTimeout(done, SETTLE_MS))])),
    [onLeave, store],
  );

  return { store, ...snapshot };
}
