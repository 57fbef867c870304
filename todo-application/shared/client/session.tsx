"use client";

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useRef, useState } from "react";
import { api, type Failure, failureOf } from "./api";
import { forgetDrafts } from "./drafts";

export interface User {
  id: number | string;
  email: string;
  name: string | null;
}

export type SessionState =
  | { status: "loading" }
  | { status: "signed-out"; notice?: string }
  | { status: "signed-in"; user: User }
  | { status: "failed"; failure: Failure };

interface Session {
  state: SessionState;
  signIn(email: string, password: string): Promise<void>;
  register(email: string, password: string, name: string): Promise<void>;
  /** Sign out, and forget what was typed and not saved. */
  signOut(): Promise<void>;
  /** Have something done before a sign-out takes effect. Gives what takes this back. */
  onLeave(task: () => Promise<void>): () => void;
  /** Ask the server again who is signed in. */
  reload(): Promise<void>;
  /** Say that a request was answered with 401: the session has ended. */
  expire(): void;
}

const SessionContext = createContext<Session | null>(null);

interface ProviderProps {
  /** Whether the page's request came with a session cookie; without one there is nobody to ask for. */
  hasCookie: boolean;
  children: ReactNode;
}

/** Holds who is signed in. The cookie is HttpOnly, so the server is asked whose it is. */
export function SessionProvider({ hasCookie, children }: ProviderProps) {
  const [state, setState] = useState<SessionState>({ status: hasCookie ? "loading" : "signed-out" });

  const reload = useCallback(async () => {
    setState({ status: "loading" });
    try {
      // 401: the session has expired meanwhile, no fault.
      const { status, data } = await api.get<User>("/api/auth/me", {
        validateStatus: (code) => code === 200 || code === 401,
      });
      setState(status === 200 ? { status: "signed-in", user: data } : { status: "signed-out" });
    } catch (error) {
      setState({ status: "failed", failure: failureOf(error) });
    }
  }, []);

  useEffect(() => {
    if (hasCookie) void reload();
  }, [hasCookie, reload]);

  // Without a network nobody could be asked; now somebody may answer.
  const failed = state.status === "failed";
  useEffect(() => {
    if (!failed) return;
    const again = () => void reload();
    window.addEventListener("online", again);
    return () => window.removeEventListener("online", again);
  }, [failed, reload]);

  const leaving = useRef(new Set<() => Promise<void>>());
  const onLeave = useCallback((task: () => Promise<void>) => {
    leaving.current.add(task);
    return () => {
      leaving.current.delete(task);
    };
  }, []);

  const session = useMemo<Session>(
    () => ({
      state,
      reload,
      onLeave,
      async signIn(email, password) {
        const { data } = await api.post<{ user: User }>("/api/auth/login", { email, password });
        setState({ status: "signed-in", user: data.user });
      },
      async register(email, password, name) {
        const body = { email, password, ...(name ? { name } : {}) };
        const { data } = await api.post<{ user: User }>("/api/auth/register", body);
        setState({ status: "signed-in", user: data.user });
      },
      async signOut() {
        await Promise.all([...leaving.current].map((task) => task()));
        await api.post("/api/auth/logout");
        if (state.status === "signed-in") forgetDrafts(state.user.id);
        setState({ status: "signed-out" });
      },
      expire() {
        setState({ status: "signed-out", notice: "The session has ended. Sign in again to go on." });
      },
    }),
    [state, reload, onLeave],
  );
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is used outside SessionProvider");
  return session;
}
