/** Who will answer in the chat. */
import { settings } from "./settings";
import { send } from "./upstream";

const TIMEOUT_MS = 1_000;

/** Give the name of the chatbot-backend's assistant ("built-in", "openai:MODEL"), or null while it can't say. */
export async function assistantName(): Promise<string | null> {
  try {
    const answer = await send({
      method: "GET",
      url: new URL("/ready", settings().chatbotApiUrl),
      headers: { accept: "application/json" },
      body: null,
      timeoutMs: TIMEOUT_MS,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    const { assistant } = JSON.parse(Buffer.concat(chunks).toString()) as { assistant?: unknown };
    return typeof assistant === "string" ? assistant : null;
  } catch {
    // The page is as good without it: each answer says who gave it.
    return null;
  }
}
