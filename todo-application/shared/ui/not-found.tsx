import { connection } from "next/server";
import { Mark } from "./icons";

/** Made for each request: a page from the build has no nonce, so the policy would stop its scripts. */
export async function NotFound() {
  await connection();
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center gap-3 px-4 text-center">
      <Mark className="h-12 w-12" />
      <h1 className="text-2xl font-bold tracking-tight">There is nothing here</h1>
      <a href="/" className="rounded-lg px-3 py-2 font-medium text-accent hover:bg-accent-soft">
        Back to the start
      </a>
    </main>
  );
}
