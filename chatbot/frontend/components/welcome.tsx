import type { User } from "@todo/shared/client/session";
import { Mark } from "@todo/shared/ui/icons";
import { SUGGESTIONS } from "./suggestions";

/** The start of a new conversation: what to say first. */
export function Welcome({ user, onPick }: { user: User; onPick: (text: string) => void }) {
  return (
    <div className="flex flex-1 flex-col items-center justify-center py-8 text-center">
      <Mark className="h-12 w-12" />
      <h2 className="mt-4 break-words text-2xl font-bold tracking-tight">
        {user.name ? `Hello, ${user.name}` : "Hello"}
      </h2>
      <p className="mt-1 text-muted">What should happen with your tasks?</p>
      <ul className="mt-6 flex flex-wrap justify-center gap-2">
        {SUGGESTIONS.map((text) => (
          <li key={text}>
            <button
              type="button"
              onClick={() => onPick(text)}
              className="min-h-10 rounded-full border border-line bg-surface px-4 text-sm font-medium hover:border-accent hover:text-accent"
            >
              {text}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
