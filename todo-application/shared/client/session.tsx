"use client";

import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { api, type Failure, failureOf } from "./api";

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
  signOut(): Promise<void>;
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

  const session = useMemo<Session>(
    () => ({
      state,
      reload,
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
        await api.post("/api/auth/logout");
        setState({ status: "signed-out" });
      },
      expire() {
        setState({ status: "signed-out", notice: "The session has ended. Sign in again to go on." });
      },
    }),
    [state, reload],
  );
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("useSession is used outside SessionProvider");
  return session;
}
