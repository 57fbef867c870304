"use client";

import { Button, Spinner } from "@todo/shared/ui/controls";
import { PlusIcon } from "@todo/shared/ui/icons";
import { type RefObject, useRef } from "react";
import type { ChatStore, Conversation } from "@/lib/chat-store";
import { ConversationRow } from "./conversation-row";

interface Props {
  store: ChatStore;
  conversations: Conversation[] | null;
  more: boolean;
  /** Whether the list could not be loaded. */
  failed: boolean;
  openId: string | null;
  /** Whether a narrow screen shows the list; a wide one always does. */
  visible: boolean;
  /** The button "New conversation". */
  firstRef: RefObject<HTMLButtonElement | null>;
  onOpen: (id: string | null) => void;
  onClose: () => void;
}

/** The reader's conversations, the one used last first. */
export function Conversations({ store, conversations, visible, openId, firstRef, onOpen, ...props }: Props) {
  const list = useRef<HTMLUListElement>(null);

  /** Where the keyboard goes when a conversation is gone: to the one in its place. */
  async function remove(id: string) {
    const index = conversations?.findIndex((one) => one.id === id) ?? 0;
    await store.remove(id);
    requestAnimationFrame(() => {
      if (document.activeElement && document.activeElement !== document.body) return;
      const rows = list.current?.querySelectorAll<HTMLElement>("li[data-testid=conversation] > button:first-child");
      const next = rows?.[Math.min(index, rows.length - 1)];
      (next ?? firstRef.current)?.focus();
    });
  }

  return (
    <>
      {visible && (
        <button
          type="button"
          aria-label="Close conversations"
          onClick={props.onClose}
          className="fixed inset-0 top-16 z-10 bg-black/40 lg:hidden"
        />
      )}
      <nav
        id="conversations"
        aria-label="Conversations"
        className={`${visible ? "flex" : "hidden"} fixed bottom-0 left-0 top-16 z-10 w-72 max-w-[85vw] flex-col gap-3 border-r border-line bg-surface p-4 lg:static lg:flex lg:max-w-none lg:shrink-0 lg:bg-transparent`}
      >
        <Button ref={firstRef} onClick={() => onOpen(null)} className="w-full">
          <PlusIcon />
          New conversation
        </Button>
        {conversations === null ? (
          props.failed ? (
            <p className="px-2 py-4 text-center text-sm text-muted">Your conversations could not be loaded.</p>
          ) : (
            <div className="flex justify-center py-6">
              <Spinner label="Loading…" />
            </div>
          )
        ) : conversations.length === 0 ? (
          <p className="px-2 py-4 text-center text-sm text-muted">No conversation yet.</p>
        ) : (
          <ul ref={list} className="-mx-1 min-h-0 flex-1 space-y-1 overflow-y-auto px-1 py-1">
            {conversations.map((conversation) => (
              <ConversationRow
                key={conversation.id}
                conversation={conversation}
                open={conversation.id === openId}
                onOpen={() => onOpen(conversation.id)}
                onRename={(title) => void store.rename(conversation.id, title)}
                onRemove={() => void remove(conversation.id)}
              />
            ))}
            {props.more && (
              <li>
                <Button variant="ghost" className="w-full" onClick={() => void store.moreConversations()}>
                  Show more
                </Button>
              </li>
            )}
          </ul>
        )}
      </nav>
    </>
  );
}
