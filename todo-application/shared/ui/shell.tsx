"use client";

import type { ReactNode } from "react";
import { useState } from "react";
import { type Failure, failureOf } from "../client/api";
import { SessionProvider, type User, useSession } from "../client/session";
import { AuthCard } from "./auth";
import { Alert, Button, Spinner } from "./controls";
import { Mark } from "./icons";

interface GateProps {
  hasCookie: boolean;
  title: string;
  lead: string;
  children: (user: User) => ReactNode;
}

/** Shows its children to who is signed in, and the way in to everybody else. */
export function SignedIn(props: GateProps) {
  return (
    <SessionProvider hasCookie={props.hasCookie}>
      <Gate {...props} />
    </SessionProvider>
  );
}

function Gate({ title, lead, children }: Omit<GateProps, "hasCookie">) {
  const { state, reload } = useSession();
  switch (state.status) {
    case "loading":
      return (
        <main className="flex min-h-dvh items-center justify-center">
          <h1 className="sr-only">{title}</h1>
          <Spinner label="Loading…" />
        </main>
      );
    case "failed":
      return (
        <main className="mx-auto flex min-h-dvh max-w-lg flex-col justify-center gap-6 px-4">
          <div className="flex items-center gap-3">
            <Mark />
            <h1 className="text-2xl font-bold tracking-tight">{title}</h1>
          </div>
          <Alert requestId={state.failure.requestId} action={<Button onClick={() => void reload()}>Try again</Button>}>
            {state.failure.message}
          </Alert>
        </main>
      );
    case "signed-out":
      return <AuthCard title={title} lead={lead} notice={state.notice} />;
    case "signed-in":
      return children(state.user);
  }
}

interface TopBarProps {
  title: string;
  user: User;
  link?: { href: string; label: string; icon: ReactNode };
  before?: ReactNode;
}

/** The bar at the top of both applications. */
export function TopBar({ title, user, link, before }: TopBarProps) {
  const { signOut } = useSession();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  async function leave() {
    setBusy(true);
    try {
      await signOut();
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    }
  }

  return (
    <header className="sticky top-0 z-20 border-b border-line bg-surface/95 backdrop-blur">
      <div className="mx-auto flex h-16 max-w-6xl items-center gap-2 px-4 sm:gap-4">
        {before}
        <Mark className={`h-8 w-8 shrink-0 ${before ? "hidden sm:block" : ""}`} />
        <h1 className="truncate text-base font-bold tracking-tight sm:text-lg">{title}</h1>
        <nav aria-label="Applications" className="ml-auto">
          {link?.href && (
            <a
              href={link.href}
              className="inline-flex min-h-10 items-center gap-2 rounded-lg px-3 text-sm font-medium text-accent hover:bg-accent-soft"
            >
              {link.icon}
              {link.label}
            </a>
          )}
        </nav>
        <span className="hidden max-w-48 truncate text-sm text-muted sm:block" data-testid="user" title={user.email}>
          {user.name || user.email}
        </span>
        <Button onClick={() => void leave()} busy={busy} className="shrink-0">
          Sign out
        </Button>
      </div>
      {failure && (
        <div className="mx-auto max-w-6xl px-4 pb-3">
          <Alert requestId={failure.requestId}>{failure.message}</Alert>
        </div>
      )}
    </header>
  );
}
