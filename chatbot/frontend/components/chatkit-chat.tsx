"use client";

import { ChatKit, useChatKit } from "@openai/chatkit-react";
import type { User } from "@todo/shared/client/session";
import { ListIcon } from "@todo/shared/ui/icons";
import { TopBar } from "@todo/shared/ui/shell";
import Script from "next/script";
import { SUGGESTIONS } from "./suggestions";

const SCRIPT = "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js";

interface Props {
  user: User;
  todoUrl: string;
  /** Called when ChatKit's script can't be had. */
  onUnavailable: () => void;
}

/** OpenAI's ChatKit, speaking to /chatkit of this origin. Its script comes from OpenAI's CDN and nowhere else. */
export function ChatKitChat({ user, todoUrl, onUnavailable }: Props) {
  const { control } = useChatKit({
    // The key only matters for hosted domains that OpenAI lists; a self-hosted backend takes any.
    api: { url: "/chatkit", domainKey: "local" },
    composer: { placeholder: "Message" },
    startScreen: {
      greeting: "What should happen with your tasks?",
      prompts: SUGGESTIONS.map((text) => ({ label: text, prompt: text })),
    },
  });
  return (
    <div className="flex h-dvh flex-col">
      <TopBar title="Todo chatbot" user={user} link={{ href: todoUrl, label: "Todo", icon: <ListIcon /> }} />
      <Script src={SCRIPT} onError={onUnavailable} />
      <main className="min-h-0 flex-1">
        <ChatKit control={control} className="h-full w-full" />
      </main>
    </div>
  );
}
