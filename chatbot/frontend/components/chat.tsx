"use client";

import type { User } from "@todo/shared/client/session";
import { Button, IconButton, Spinner } from "@todo/shared/ui/controls";
import { ListIcon, MenuIcon } from "@todo/shared/ui/icons";
import { TopBar } from "@todo/shared/ui/shell";
import { useEffect, useRef, useState } from "react";
import { assistantText } from "@/lib/assistant-text";
import { useChatStore } from "@/lib/use-chat-store";
import { Composer } from "./composer";
import { Conversations } from "./conversations";
import { Messages } from "./messages";
import { Trouble } from "./trouble";
import { Welcome } from "./welcome";

interface Props {
  user: User;
  todoUrl: string;
  notice: string;
  /** Who answers, as known when the page was made. */
  assistant: string | null;
}

/** The chat page: conversations beside, messages in the middle, the field to write in below. */
export function Chat({ user, todoUrl, notice, assistant }: Props) {
  const { store, ...chat } = useChatStore(user.id);
  const [menu, setMenu] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const menuButton = useRef<HTMLButtonElement>(null);
  const first = useRef<HTMLButtonElement>(null);
  const busy = chat.turn?.state === "under way";

  useEffect(() => {
    if (menu) first.current?.focus();
  }, [menu]);

  function open(id: string | null) {
    setMenu(false);
    store.show(id);
    input.current?.focus();
  }

  function closeMenu() {
    if (!menu) return;
    setMenu(false);
    menuButton.current?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the list from wherever the keyboard is.
    <div
      className="flex h-dvh flex-col"
      onKeyDown={(event) => {
        if (event.key === "Escape") closeMenu();
      }}
    >
      <TopBar
        title="Todo chatbot"
        user={user}
        link={{ href: todoUrl, label: "Todo", icon: <ListIcon /> }}
        before={
          <IconButton
            ref={menuButton}
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
          store={store}
          conversations={chat.conversations}
          more={chat.moreConversations}
          failed={chat.failure !== null}
          openId={chat.openId}
          visible={menu}
          firstRef={first}
          onOpen={open}
          onClose={closeMenu}
        />
        <main className="flex min-w-0 flex-1 flex-col">
          <Messages entries={chat.entries} turn={chat.turn}>
            {notice && <p className="mb-4 rounded-lg bg-warn-soft px-3 py-2 text-sm text-warn">{notice}</p>}
            {chat.loading && (
              <div className="flex flex-1 items-center justify-center">
                <Spinner label="Loading messages…" />
              </div>
            )}
            {!chat.loading && chat.entries.length === 0 && chat.openId === null && (
              <Welcome
                user={user}
                onPick={(text) => {
                  input.current?.focus();
                  store.send(text);
                }}
              />
            )}
            {chat.earlier && (
              <Button variant="ghost" className="mb-4 self-center" onClick={() => void store.loadEarlier()}>
                Show earlier messages
              </Button>
            )}
          </Messages>
          <div className="px-4 pb-4">
            <div className="mx-auto max-w-3xl space-y-3">
              {chat.failure && (
                <Trouble
                  key={chat.failedAt}
                  failure={chat.failure}
                  failedAt={chat.failedAt}
                  repeatable={chat.repeatable}
                  onRetry={() => {
                    // The button goes with what it is about.
                    input.current?.focus();
                    store.retry();
                  }}
                  onDismiss={() => {
                    input.current?.focus();
                    store.dismiss();
                  }}
                />
              )}
              <Composer
                inputRef={input}
                text={chat.text}
                busy={busy}
                onWrite={(text) => store.write(text)}
                onSend={() => store.send()}
                onStop={() => store.stopAnswer()}
              />
              <p className="flex flex-wrap justify-center gap-x-2 text-center text-xs text-muted">
                {assistant && <span data-testid="assistant-kind">{assistantText(assistant)}</span>}
                <span id="composer-hint" className="hidden sm:block">
                  {assistant && "· "}Enter sends, Shift+Enter begins a new line
                </span>
              </p>
            </div>
          </div>
        </main>
      </div>
      <p className="sr-only" aria-live="polite" data-testid="said">
        {chat.said}
      </p>
    </div>
  );
}
