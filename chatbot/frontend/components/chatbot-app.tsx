"use client";

import type { User } from "@todo/shared/client/session";
import { Spinner } from "@todo/shared/ui/controls";
import { SignedIn } from "@todo/shared/ui/shell";
import { lazy, Suspense, useState } from "react";
import { Chat } from "./chat";

const loading = (
  <div className="flex h-dvh items-center justify-center">
    <Spinner label="Loading…" />
  </div>
);

// Only who switches ChatKit on downloads it.
const ChatKitChat = lazy(() => import("./chatkit-chat").then((module) => ({ default: module.ChatKitChat })));

interface Props {
  hasCookie: boolean;
  todoUrl: string;
  /** With a key for the page's domain OpenAI's component is used instead of the own one. */
  chatkitKey: string;
  /** Who answers, where it is known. */
  assistant: string | null;
}

/** The whole page: the way in, or the conversations. */
export function ChatbotApp({ hasCookie, todoUrl, chatkitKey, assistant }: Props) {
  const [unavailable, setUnavailable] = useState(false);
  return (
    <SignedIn
      hasCookie={hasCookie}
      title="Todo chatbot"
      lead="Say what to do; your tasks follow. The account is the same as for Todo."
    >
      {(user: User) =>
        chatkitKey && !unavailable ? (
          <Suspense fallback={loading}>
            <ChatKitChat
              user={user}
              todoUrl={todoUrl}
              domainKey={chatkitKey}
              onUnavailable={() => setUnavailable(true)}
            />
          </Suspense>
        ) : (
          <Chat
            user={user}
            todoUrl={todoUrl}
            assistant={assistant}
            notice={unavailable ? "ChatKit can't be loaded from its address, so this is the built-in chat page." : ""}
          />
        )
      }
    </SignedIn>
  );
}
