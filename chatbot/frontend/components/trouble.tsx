"use client";

import type { Failure } from "@todo/shared/client/api";
import { count } from "@todo/shared/format";
import { Alert, Button } from "@todo/shared/ui/controls";
import { useEffect, useState } from "react";

interface Props {
  failure: Failure;
  failedAt: number;
  repeatable: boolean;
  onRetry: () => void;
  onDismiss: () => void;
}

/** Says what did not work, and offers to do it again, after a time where the server wants to be left alone. */
export function Trouble({ failure, failedAt, repeatable, onRetry, onDismiss }: Props) {
  const tooMany = failure.status === 429;
  const wait = tooMany ? (failure.retryAfter ?? 0) : 0;
  const left = useCountdown(failedAt + wait * 1000);
  return (
    <Alert
      requestId={(failure.status ?? 0) >= 500 ? failure.requestId : null}
      action={
        <div className="flex gap-2">
          {repeatable && (
            <Button
              aria-disabled={left > 0 || undefined}
              className="aria-disabled:cursor-not-allowed aria-disabled:opacity-60"
              onClick={() => left === 0 && onRetry()}
            >
              Try again
            </Button>
          )}
          <Button onClick={onDismiss}>Dismiss</Button>
        </div>
      }
    >
      {/* The server's sentence has a number that does not count down. */}
      {tooMany ? "You have sent many messages in a short time." : failure.message}
      {wait > 0 && (
        <>
          {/* Said once; what counts down is for the eyes. */}
          <span className="sr-only"> You can try again in {count(wait, "second")}.</span>
          <span aria-hidden="true" data-testid="countdown">
            {left > 0 ? ` You can try again in ${count(left, "second")}.` : " You can try again now."}
          </span>
        </>
      )}
    </Alert>
  );
}

/** Give the whole seconds until `moment`, anew each second. */
function useCountdown(moment: number): number {
  const [now, setNow] = useState(Date.now);
  const left = Math.max(0, Math.ceil((moment - now) / 1000));
  const waiting = left > 0;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [waiting]);
  return left;
}
