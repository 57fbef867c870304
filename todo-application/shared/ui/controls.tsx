"use client";

import { type ComponentPropsWithRef, type ReactNode, useId } from "react";

type Variant = "primary" | "secondary" | "ghost" | "danger";

const VARIANTS: Record<Variant, string> = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong font-semibold",
  secondary: "border border-line bg-surface text-ink hover:bg-sunken font-medium",
  ghost: "text-muted hover:bg-sunken hover:text-ink font-medium",
  danger: "text-danger hover:bg-danger-soft font-medium",
};

interface ButtonProps extends ComponentPropsWithRef<"button"> {
  variant?: Variant;
  busy?: boolean;
  /** With less room at the sides. */
  compact?: boolean;
}

/** A button. While busy it can't be pressed again, and says so to assistive technology. */
export function Button({
  variant = "secondary",
  busy = false,
  compact = false,
  className = "",
  children,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled || busy}
      aria-busy={busy || undefined}
      className={`inline-flex min-h-10 items-center justify-center gap-2 rounded-lg py-2 text-sm transition-colors
        disabled:cursor-not-allowed disabled:opacity-60 ${compact ? "px-2.5" : "px-4"} ${VARIANTS[variant]} ${className}`}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

/** A square button with a picture; `label` is its name. */
export function IconButton({
  label,
  danger = false,
  className = "",
  children,
  ...rest
}: ComponentPropsWithRef<"button"> & { label: string; danger?: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={label}
      title={label}
      className={`inline-flex h-9 w-9 shrink-0 items-center justify-center rounded-lg text-muted transition-colors
        disabled:opacity-50 ${danger ? "hover:bg-danger-soft hover:text-danger" : "hover:bg-sunken hover:text-ink"} ${className}`}
    >
      {children}
    </button>
  );
}

interface FieldProps {
  label: string;
  hint?: string;
  error?: string;
  /** Keep the label for assistive technology only. */
  hideLabel?: boolean;
  className?: string;
}

function FieldFrame({
  label,
  hint,
  error,
  hideLabel,
  className = "",
  id,
  children,
}: FieldProps & { id: string; children: ReactNode }) {
  return (
    <div className={className}>
      <label htmlFor={id} className={hideLabel ? "sr-only" : "mb-1.5 block text-sm font-medium"}>
        {label}
      </label>
      {children}
      {error ? (
        <p id={`${id}-note`} className="mt-1.5 text-sm text-danger">
          {error}
        </p>
      ) : (
        hint && (
          <p id={`${id}-note`} className="mt-1.5 text-xs text-muted">
            {hint}
          </p>
        )
      )}
    </div>
  );
}

/** An input with its label, hint and error. */
export function TextField({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: FieldProps & ComponentPropsWithRef<"input">) {
  const own = useId();
  const id = rest.id ?? own;
  return (
    <FieldFrame {...{ label, hint, error, hideLabel, className, id }}>
      <input
        {...rest}
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={hint || error ? `${id}-note` : undefined}
        className="control min-h-10"
      />
    </FieldFrame>
  );
}

/** A field of several lines with its label, hint and error. */
export function TextArea({
  label,
  hint,
  error,
  hideLabel,
  className,
  ...rest
}: FieldProps & ComponentPropsWithRef<"textarea">) {
  const own = useId();
  const id = rest.id ?? own;
  return (
    <FieldFrame {...{ label, hint, error, hideLabel, className, id }}>
      <textarea
        {...rest}
        id={id}
        aria-invalid={error ? true : undefined}
        aria-describedby={hint || error ? `${id}-note` : undefined}
        className="control block resize-y"
      />
    </FieldFrame>
  );
}

export function Spinner({ label }: { label?: string }) {
  return (
    <span role={label ? "status" : undefined} className="inline-flex items-center gap-2 text-sm text-muted">
      <svg viewBox="0 0 20 20" className="h-4 w-4 animate-spin text-current" aria-hidden="true" fill="none">
        <circle cx="10" cy="10" r="8" stroke="currentColor" strokeOpacity="0.25" strokeWidth="2.5" />
        <path d="M10 2a8 8 0 0 1 8 8" stroke="currentColor" strokeWidth="2.5" strokeLinecap="round" />
      </svg>
      {label && <span>{label}</span>}
    </span>
  );
}

/** What went wrong, with a way on. */
export function Alert({
  children,
  action,
  requestId,
}: {
  children: ReactNode;
  action?: ReactNode;
  requestId?: string | null;
}) {
  return (
    <div
      role="alert"
      className="flex animate-appear flex-wrap items-center justify-between gap-3 rounded-xl border border-danger/40 bg-danger-soft px-4 py-3 text-sm text-danger"
    >
      <div className="min-w-0 flex-1 basis-56">
        <p className="font-medium">{children}</p>
        {requestId && <p className="mt-0.5 break-all font-mono text-xs opacity-90">Request {requestId}</p>}
      </div>
      {action}
    </div>
  );
}
