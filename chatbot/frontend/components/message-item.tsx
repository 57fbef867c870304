import { Mark, ToolIcon } from "@todo/shared/ui/icons";
import type { Message, ToolCall } from "@/lib/chat";
import { toolSummary, toolValue } from "@/lib/tool-text";

/** One message: the reader's to the right, the assistant's with what it did. */
export function MessageItem({ message }: { message: Message }) {
  if (message.role === "user") {
    return (
      <li className="flex animate-appear justify-end" data-testid="user-message">
        <p className="max-w-[85%] whitespace-pre-wrap break-words rounded-2xl rounded-br-md bg-accent px-4 py-2.5 text-on-accent">
          <span className="sr-only">You: </span>
          {message.content}
        </p>
      </li>
    );
  }
  return (
    <li className="flex animate-appear items-start gap-3" data-testid="assistant-message">
      <Mark className="mt-0.5 h-7 w-7 shrink-0" />
      <div className="min-w-0 max-w-[85%] space-y-2">
        <p className="whitespace-pre-wrap break-words rounded-2xl rounded-tl-md border border-line bg-surface px-4 py-2.5">
          <span className="sr-only">Assistant: </span>
          {message.content}
        </p>
        {message.toolCalls.map((call, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a message's calls never change their order.
          <ToolCallDetails key={index} call={call} />
        ))}
      </div>
    </li>
  );
}

function ToolCallDetails({ call }: { call: ToolCall }) {
  return (
    <details className="text-xs text-muted" data-testid="tool-call">
      <summary className="flex w-fit max-w-full cursor-pointer list-none items-center gap-1.5 rounded-full bg-sunken px-2.5 py-1 hover:text-ink">
        <ToolIcon />
        <span className="truncate">{toolSummary(call)}</span>
      </summary>
      <dl className="mt-2 space-y-2 rounded-lg bg-sunken p-3">
        <div>
          <dt className="font-semibold">{call.name}</dt>
          <dd>
            <pre className="overflow-x-auto whitespace-pre-wrap break-words font-mono">{toolValue(call.arguments)}</pre>
          </dd>
        </div>
        <div>
          <dt className="font-semibold">Result</dt>
          <dd>
            <pre className="max-h-64 overflow-auto whitespace-pre-wrap break-words font-mono">
              {toolValue(call.result)}
            </pre>
          </dd>
        </div>
      </dl>
    </details>
  );
}

/** Shown while the assistant works. */
export function Thinking() {
  return (
    <li className="flex items-center gap-3" role="status">
      <Mark className="h-7 w-7 shrink-0" />
      <span className="sr-only">The assistant is working…</span>
      <span aria-hidden="true" className="flex gap-1 rounded-2xl rounded-tl-md border border-line bg-surface px-4 py-4">
        {[0, 150, 300].map((delay) => (
          <span
            key={delay}
            className="h-1.5 w-1.5 animate-pulse rounded-full bg-muted"
            style={{ animationDelay: `${delay}ms` }}
          />
        ))}
      </span>
    </li>
  );
}
