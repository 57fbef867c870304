"use client";

import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Failure, failureOf } from "../client/api";
import { useSession } from "../client/session";
import { Alert, Button, TextField } from "./controls";
import { Mark } from "./icons";

type Mode = "sign-in" | "sign-up";
const MODES: { mode: Mode; label: string }[] = [
  { mode: "sign-in", label: "Sign in" },
  { mode: "sign-up", label: "Create account" },
];
const MIN_PASSWORD = 8;

/** Sign-in and sign-up in one card; the address' fragment (#sign-up) says which is open. */
export function AuthCard({ title, lead, notice }: { title: string; lead: string; notice?: string }) {
  const [mode, setMode] = useState<Mode>("sign-in");
  const tabs = useRef<Partial<Record<Mode, HTMLButtonElement | null>>>({});

  useEffect(() => {
    if (window.location.hash === "#sign-up") setMode("sign-up");
  }, []);

  function choose(next: Mode, focus = false) {
    setMode(next);
    window.history.replaceState(null, "", `#${next}`);
    if (focus) tabs.current[next]?.focus();
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    choose(mode === "sign-in" ? "sign-up" : "sign-in", true);
  }

  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-md flex-col justify-center px-4 py-10">
      <div className="mb-6 flex flex-col items-center text-center">
        <Mark className="h-12 w-12" />
        <h1 className="mt-4 text-2xl font-bold tracking-tight">{title}</h1>
        <p className="mt-1 text-muted">{lead}</p>
      </div>
      <div className="card p-6 sm:p-8">
        <div
          role="tablist"
          aria-label="Account"
          className="mb-6 grid grid-cols-2 gap-1 rounded-xl bg-sunken p-1"
          onKeyDown={onKeyDown}
        >
          {MODES.map(({ mode: one, label }) => (
            <button
              key={one}
              ref={(element) => {
                tabs.current[one] = element;
              }}
              type="button"
              role="tab"
              id={`tab-${one}`}
              aria-selected={mode === one}
              aria-controls="account-form"
              tabIndex={mode === one ? 0 : -1}
              onClick={() => choose(one)}
              className={`min-h-10 rounded-lg text-sm font-medium transition-colors ${
                mode === one ? "bg-raised text-ink shadow-sm" : "text-muted hover:text-ink"
              }`}
            >
              {label}
            </button>
          ))}
        </div>
        {notice && (
          <p role="status" className="mb-4 rounded-lg bg-warn-soft px-3 py-2 text-sm text-warn">
            {notice}
          </p>
        )}
        <div role="tabpanel" id="account-form" aria-labelledby={`tab-${mode}`}>
          <AuthForm key={mode} mode={mode} />
        </div>
      </div>
    </main>
  );
}

function AuthForm({ mode }: { mode: Mode }) {
  const { signIn, register } = useSession();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [passwordError, setPasswordError] = useState("");
  const signUp = mode === "sign-up";

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (signUp && password.length < MIN_PASSWORD) {
      setPasswordError(`Use at least ${MIN_PASSWORD} characters.`);
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      await (signUp ? register(email, password, name.trim()) : signIn(email, password));
      // Whoever signs out later wants to sign in next.
      window.history.replaceState(null, "", window.location.pathname);
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} className="space-y-4" aria-label={signUp ? "Create account" : "Sign in"}>
      {signUp && (
        <TextField
          label="Name"
          hint="Optional; it greets you."
          name="name"
          autoComplete="name"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      <TextField
        label="Email"
        name="email"
        type="email"
        autoComplete="email"
        required
        maxLength={254}
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <TextField
        label="Password"
        name="password"
        type="password"
        autoComplete={signUp ? "new-password" : "current-password"}
        required
        maxLength={128}
        hint={signUp ? `At least ${MIN_PASSWORD} characters.` : undefined}
        error={passwordError}
        value={password}
        onChange={(event) => {
          setPassword(event.target.value);
          setPasswordError("");
        }}
      />
      {failure && (
        <Alert requestId={(failure.status ?? 500) >= 500 ? failure.requestId : null}>{failure.message}</Alert>
      )}
      <Button type="submit" variant="primary" busy={busy} className="w-full">
        {signUp ? "Create account" : "Sign in"}
      </Button>
    </form>
  );
}
