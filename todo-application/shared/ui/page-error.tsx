"use client";

/** Shown when a page itself fails; trying again is all a reader can do. Every load brings it along: it uses no controls. */
export function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-lg flex-col justify-center px-4">
      <div
        role="alert"
        className="flex flex-wrap items-center justify-between gap-3 rounded-xl border border-danger/40 bg-danger-soft px-4 py-3 text-sm font-medium text-danger"
      >
        <p>This page ran into a problem.</p>
        <button
          type="button"
          onClick={reset}
          className="min-h-10 rounded-lg border border-line bg-surface px-4 text-ink hover:bg-sunken"
        >
          Try again
        </button>
      </div>
    </main>
  );
}
