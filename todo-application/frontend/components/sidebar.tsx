import { ChatIcon } from "@todo/shared/ui/icons";
import type { Counts } from "@/lib/tasks";

const EXAMPLES = ["Add buy milk tomorrow", "What is still open?", "Complete task 1"];

/** Beside the list: how far the reader has come, and what the chatbot understands. */
export function Sidebar({ counts, chatbotUrl }: { counts: Counts | null; chatbotUrl: string }) {
  const share = counts?.all ? counts.completed / counts.all : 0;
  const percent = Math.round(share * 100);
  return (
    <aside aria-label="Overview" className="flex flex-col gap-4">
      {counts && counts.all > 0 && (
        <div className="card flex items-center gap-4 p-5">
          <svg viewBox="0 0 36 36" className="h-16 w-16 shrink-0 -rotate-90" aria-hidden="true">
            <circle cx="18" cy="18" r="15" fill="none" strokeWidth="4" className="stroke-sunken" />
            <circle
              cx="18"
              cy="18"
              r="15"
              fill="none"
              strokeWidth="4"
              strokeLinecap="round"
              pathLength={100}
              strokeDasharray={`${percent} 100`}
              className={percent ? "stroke-accent" : "stroke-transparent"}
            />
          </svg>
          <p className="text-sm text-muted">
            <span className="block text-2xl font-bold tabular-nums text-ink">{percent}%</span>
            {counts.completed} of {counts.all} completed
          </p>
        </div>
      )}
      {chatbotUrl && (
        <div className="card p-5">
          <h3 className="flex items-center gap-2 font-semibold">
            <ChatIcon />
            Rather say it?
          </h3>
          <p className="mt-2 text-sm text-muted">The chatbot works on the same list. Try:</p>
          <ul className="mt-3 space-y-2 text-sm">
            {EXAMPLES.map((example) => (
              <li key={example} className="w-fit rounded-lg rounded-bl-none bg-sunken px-3 py-1.5">
                “{example}”
              </li>
            ))}
          </ul>
          <a
            href={chatbotUrl}
            className="mt-4 inline-flex min-h-10 items-center rounded-lg text-sm font-semibold text-accent hover:underline"
          >
            Open the chatbot →
          </a>
        </div>
      )}
    </aside>
  );
}
