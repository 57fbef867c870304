import { hasSessionCookie, linkTo } from "@todo/shared/server/page";
import { settings } from "@todo/shared/server/settings";
import { ChatbotApp } from "@/components/chatbot-app";

export const dynamic = "force-dynamic";

export default async function Page() {
  const { todoPublicUrl, chatkitEnabled } = settings();
  return (
    <ChatbotApp hasCookie={await hasSessionCookie()} todoUrl={await linkTo(todoPublicUrl)} chatkit={chatkitEnabled} />
  );
}
