"use client";

import type { User } from "@todo/shared/client/session";
import { ChatIcon } from "@todo/shared/ui/icons";
import { SignedIn, TopBar } from "@todo/shared/ui/shell";
import { Board } from "./board";

/** The whole page: the way in, or the reader's tasks. */
export function TodoApp({ hasCookie, chatbotUrl }: { hasCookie: boolean; chatbotUrl: string }) {
  return (
    <SignedIn hasCookie={hasCookie} title="Todo" lead="Everything you mean to do, in one calm place.">
      {(user: User) => (
        <>
          <TopBar title="Todo" user={user} link={{ href: chatbotUrl, label: "Chatbot", icon: <ChatIcon /> }} />
          <Board user={user} chatbotUrl={chatbotUrl} />
        </>
      )}
    </SignedIn>
  );
}
