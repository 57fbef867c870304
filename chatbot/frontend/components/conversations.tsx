"use client";

import { Button, IconButton, Spinner } from "@todo/shared/ui/controls";
import { PlusIcon, TrashIcon } from "@todo/shared/ui/icons";
import type { Conversation } from "@/lib/chat";

interface Props {
  conversations: Conversation[] | null;
  openId: string | null;
  /** Whether a narrow screen shows the list; a wide one always does. */
  visible: boolean;
  onOpen: (id: string | null) => void;
  onDelete: (id: string) => Promise<void>;
  onClose: () => void;
}

/** The reader's conversations, newest first. */
export function Conversations({ conversations, openId, visible, onOpen, onDelete, onClose }: Props) {
  return (
    <>
      {visible && (
        <button
          type="button"
          aria-label="Close conversations"
          onClick={onClose}
          className="fixed inset-0 top-16 z-10 bg-black/40 lg:hidden"
        />
      )}
      <nav
        id="conversations"
        aria-label="Conversations"
        className={`${visible ? "flex" : "hidden"} fixed bottom-0 left-0 top-16 z-10 w-72 max-w-[85vw] flex-col gap-3 border-r border-line bg-surface p-4 lg:static lg:flex lg:max-w-none lg:shrink-0 lg:bg-transparent`}
      >
        <Button onClick={() => onOpen(null)} className="w-full">
          <PlusIcon />
          New conversation
        </Button>
        {conversations === null ? (
          <div className="flex justify-center py-6">
            <Spinner label="Loading…" />
          </div>
        ) : conversations.length === 0 ? (
          <p className="px-2 py-4 text-center text-sm text-muted">No conversation yet.</p>
        ) : (
          <ul className="-mx-1 min-h-0 flex-1 space-y-1 overflow-y-auto px-1 py-1">
            {conversations.map(({ id, title }) => (
              <li
                key={id}
                data-testid="conversation"
                className={`group flex items-center rounded-lg ${id === openId ? "bg-accent-soft" : "hover:bg-sunken"}`}
              >
                <button
                  type="button"
                  aria-current={id === openId ? "true" : undefined}
                  onClick={() => onOpen(id)}
                  className="min-h-10 min-w-0 flex-1 truncate rounded-lg px-3 text-left text-sm"
                >
                  {title}
                </button>
                <IconButton
                  label={`Delete conversation ${title}`}
                  danger
                  className="group-focus-within:opacity-100 group-hover:opacity-100 [@media(hover:hover)]:opacity-80"
                  onClick={() => void onDelete(id)}
                >
                  <TrashIcon />
                </IconButton>
              </li>
            ))}
          </ul>
        )}
      </nav>
    </>
  );
}
