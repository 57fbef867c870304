import { hasSessionCookie, linkTo } from "@todo/shared/server/page";
import { settings } from "@todo/shared/server/settings";
import { TodoApp } from "@/components/todo-app";

export const dynamic = "force-dynamic";

export default async function Page() {
  return <TodoApp hasCookie={await hasSessionCookie()} chatbotUrl={await linkTo(settings().chatbotPublicUrl)} />;
}
