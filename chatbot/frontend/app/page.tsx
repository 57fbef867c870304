import { assistantName } from "@todo/shared/server/assistant";
import { hasSessionCookie, linkTo } from "@todo/shared/server/page";
import { settings } from "@todo/shared/server/settings";
import { ChatbotApp } from "@/components/chatbot-app";

export const dynamic = "force-dynamic";

export default async function Page() {
  const { todoPublicUrl, chatkitDomainKey } = settings();
  const [hasCookie, todoUrl, assistant] = await Promise.all([
    hasSessionCookie(),
    linkTo(todoPublicUrl),
    assistantName(),
  ]);
  return <ChatbotApp hasCookie={hasCookie} todoUrl={todoUrl} chatkitKey={chatkitDomainKey} assistant={assistant} />;
}
