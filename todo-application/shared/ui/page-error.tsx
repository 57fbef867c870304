"use client";

import { Alert, Button } from "./controls";

/** Shown when a page itself fails; trying again is all a reader can do. */
export function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-lg flex-col justify-center px-4">
      <Alert action={<Button onClick={reset}>Try again</Button>}>This page ran into a problem.</Alert>
    </main>
  );
}
