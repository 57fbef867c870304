"use client";

import type { User } from "@todo/shared/client/session";
import { Alert, Button, IconButton, Spinner } from "@todo/shared/ui/controls";
import { ListIcon, MenuIcon } from "@todo/shared/ui/icons";
import { TopBar } from "@todo/shared/ui/shell";
import { useEffect, useRef, useState } from "react";
import { assistantText } from "@/lib/tool-text";
import { useChat } from "@/lib/use-chat";
import { Composer } from "./composer";
import { Conversations } from "./conversations";
import { MessageItem, Thinking } from "./message-item";
import { Welcome } from "./welcome";

interface Props {
  user: User;
  todoUrl: string;
  notice: string;
  /** Who answers, as known when the page was made; each answer says it anew. */
  assistant: string | null;
}

/** The chat page: conversations beside, messages in the middle, the field to write in below. */
export function Chat({ user, todoUrl, notice, assistant }: Props) {
  const chat = useChat();
  const [menu, setMenu] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const scroll = useRef<HTMLDivElement>(null);
  const { messages, sending } = chat;
  const answering = messages.findLast((message) => message.assistant)?.assistant ?? assistant;

  // biome-ignore lint/correctness/useExhaustiveDependencies: what is new is at the end, whenever something is.
  useEffect(() => {
    scroll.current?.scrollTo({ top: scroll.current.scrollHeight });
  }, [messages, sending]);

  function open(id: string | null) {
    setMenu(false);
    void chat.show(id);
    input.current?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the list from wherever the keyboard is.
    <div
      className="flex h-dvh flex-col"
      onKeyDown={(event) => {
        if (event.key === "Escape") setMenu(false);
      }}
    >
      <TopBar
        title="Todo chatbot"
        user={user}
        link={{ href: todoUrl, label: "Todo", icon: <ListIcon /> }}
        before={
          <IconButton
            label="Conversations"
            aria-expanded={menu}
            aria-controls="conversations"
            className="lg:hidden"
            onClick={() => setMenu(!menu)}
          >
            <MenuIcon />
          </IconButton>
        }
      />
      <div className="mx-auto flex min-h-0 w-full max-w-6xl flex-1">
        <Conversations
          conversations={chat.conversations}
          openId={chat.openId}
          visible={menu}
          onOpen={open}
          onDelete={chat.remove}
          onClose={() => setMenu(false)}
        />
        <main className="flex min-w-0 flex-1 flex-col">
          <div ref={scroll} className="min-h-0 flex-1 overflow-y-auto px-4" data-testid="messages">
            <div className="mx-auto flex min-h-full max-w-3xl flex-col py-6">
              {notice && <p className="mb-4 rounded-lg bg-warn-soft px-3 py-2 text-sm text-warn">{notice}</p>}
              {chat.loading && (
                <div className="flex flex-1 items-center justify-center">
                  <Spinner label="Loading messages…" />
                </div>
              )}
              {!chat.loading && messages.length === 0 && (
                <Welcome user={user} onPick={(text) => void chat.send(text)} />
              )}
              {messages.length > 0 && (
                <ol aria-label="What was said" className="space-y-5">
                  {messages.map((message) => (
                    <MessageItem key={message.id} message={message} />
                  ))}
                  {sending && <Thinking />}
                </ol>
              )}
            </div>
          </div>
          <div className="px-4 pb-4">
            <div className="mx-auto max-w-3xl space-y-3">
              {chat.failure && (
                <Alert
                  requestId={(chat.failure.status ?? 500) >= 500 ? chat.failure.requestId : null}
                  action={chat.conversations === null && <Button onClick={() => void chat.refresh()}>Try again</Button>}
                >
                  {chat.failure.message}
                </Alert>
              )}
              <Composer inputRef={input} busy={sending} onSend={chat.send} />
              <p className="flex flex-wrap justify-center gap-x-2 text-center text-xs text-muted">
                {answering && <span data-testid="assistant-kind">{assistantText(answering)}</span>}
                <span id="composer-hint" className="hidden sm:block">
                  · Enter sends, Shift+Enter begins a new line
                </span>
              </p>
            </div>
          </div>
        </main>
      </div>
      <p className="sr-only" role="log" aria-live="polite">
        {messages.at(-1)?.role === "assistant" ? messages.at(-1)?.content : ""}
      </p>
    </div>
  );
}
