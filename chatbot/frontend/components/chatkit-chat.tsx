"use client";

import { ChatKit, useChatKit } from "@openai/chatkit-react";
import type { User } from "@todo/shared/client/session";
import { ListIcon } from "@todo/shared/ui/icons";
import { TopBar } from "@todo/shared/ui/shell";
import Script from "next/script";
import { useEffect, useRef } from "react";
import { SUGGESTIONS } from "./suggestions";

const SCRIPT = "https://cdn.platform.openai.com/deployments/chatkit/chatkit.js";
/** Who waits longer for the script gets the own interface. */
const PATIENCE_MS = 3_000;

interface Props {
  user: User;
  todoUrl: string;
  /** What OpenAI gave for the page's domain. */
  domainKey: string;
  /** Called when ChatKit's script can't be had. */
  onUnavailable: () => void;
}

/** OpenAI's ChatKit, speaking to /chatkit of this origin. Its script comes from OpenAI's CDN and nowhere else. */
export function ChatKitChat({ user, todoUrl, domainKey, onUnavailable }: Props) {
  const { control } = useChatKit({
    api: { url: "/chatkit", domainKey },
    composer: { placeholder: "Message" },
    startScreen: {
      greeting: "What should happen with your tasks?",
      prompts: SUGGESTIONS.map((text) => ({ label: text, prompt: text })),
    },
  });
  const unavailable = useRef(onUnavailable);

  useEffect(() => {
    let waiting = true;
    const timer = setTimeout(() => unavailable.current(), PATIENCE_MS);
    void customElements.whenDefined("openai-chatkit").then(() => waiting && clearTimeout(timer));
    return () => {
      waiting = false;
      clearTimeout(timer);
    };
  }, []);

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
