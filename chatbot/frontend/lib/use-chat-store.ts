"use client";

import { draftsOf } from "@todo/shared/client/drafts";
import { type User, useSession } from "@todo/shared/client/session";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { chatApi } from "./chat-api";
import { ChatStore } from "./chat-store";

/** Gives the reader's conversations to the page. */
export function useChatStore(userId: User["id"]) {
  const { expire } = useSession();
  const expired = useRef(expire);
  const [store] = useState(
    () => new ChatStore({ api: chatApi, drafts: draftsOf(userId), onExpired: () => expired.current() }),
  );
  const snapshot = useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);

  useEffect(() => {
    expired.current = expire;
  }, [expire]);

  useEffect(() => {
    store.start();
    const onOnline = () => store.recover();
    window.addEventListener("online", onOnline);
    return () => {
      window.removeEventListener("online", onOnline);
      store.stop();
    };
  }, [store]);

  return { store, ...snapshot };
}
