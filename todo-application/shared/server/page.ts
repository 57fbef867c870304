/** What a page learns from its own request. */
import { cookies, headers } from "next/headers";
import { publicUrlFor } from "./public-url";

const SESSION_COOKIE = "todo_session";

/** Whether the browser sent a session cookie; only a backend can say whether it is still good. */
export async function hasSessionCookie(): Promise<boolean> {
  return (await cookies()).has(SESSION_COOKIE);
}

/** Give the address of the other frontend for the reader of this page. */
export async function linkTo(publicUrl: string): Promise<string> {
  return publicUrlFor(publicUrl, (await headers()).get("host"));
}
