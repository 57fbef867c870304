"use client";

import type { Failure } from "@todo/shared/client/api";
import { Alert, Button } from "@todo/shared/ui/controls";
import { type Change, isRepeatable, refusal } from "@/lib/changes";

interface Props {
  /** Why the list could not be loaded. */
  failure: Failure | null;
  /** Changes that were refused, oldest first. */
  failed: Change[];
  onRetry: () => void;
  onDismiss: () => void;
}

/** Says what did not work, and offers to do it again. */
export function Trouble({ failure, failed, onRetry, onDismiss }: Props) {
  const cause = failed.at(-1)?.failure ?? failure;
  if (!cause) return null;
  return (
    <div className="mt-4">
      <Alert
        requestId={(cause.status ?? 500) >= 500 ? cause.requestId : null}
        action={
          <div className="flex gap-2">
            {(failure || failed.some(isRepeatable)) && <Button onClick={onRetry}>Try again</Button>}
            {failed.length > 0 && <Button onClick={onDismiss}>Dismiss</Button>}
          </div>
        }
      >
        {failed.map((change) => (
          <span key={change.key} className="block break-words">
            {refusal(change)}
          </span>
        ))}
        {explanation(cause, failed.at(-1))}
      </Alert>
    </div>
  );
}

function explanation(cause: Failure, change: Change | undefined): string {
  if (cause.status !== 412) return cause.message;
  return change?.kind === "edit"
    ? "It was changed elsewhere meanwhile. Your text is kept: compare, then save again."
    : "It was changed elsewhere meanwhile; here is what it is now.";
}
