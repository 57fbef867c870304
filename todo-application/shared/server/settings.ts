/** Settings of a frontend, read from the environment at each call so that one image serves every place. */

export interface Settings {
  service: string;
  todoApiUrl: string;
  chatbotApiUrl: string;
  todoPublicUrl: string;
  chatbotPublicUrl: string;
  /** With a key of OpenAI's for this domain, the chat page is OpenAI's ChatKit; empty: the own interface. */
  chatkitDomainKey: string;
  logLevel: string;
}

type Environment = Record<string, string | undefined>;

/** Give the settings found in `env`; an unset or empty variable gets its default. */
export function settings(env: Environment = process.env): Settings {
  const get = (name: string, fallback: string) => env[name]?.trim() || fallback;
  return {
    service: get("SERVICE_NAME", "frontend"),
    todoApiUrl: get("TODO_API_URL", "http://todo-backend:8000").replace(/\/+$/, ""),
    chatbotApiUrl: get("CHATBOT_API_URL", "http://chatbot-backend:8001").replace(/\/+$/, ""),
    todoPublicUrl: get("TODO_PUBLIC_URL", "http://localhost:30000"),
    chatbotPublicUrl: get("CHATBOT_PUBLIC_URL", "http://localhost:30001"),
    chatkitDomainKey: get("CHATKIT_DOMAIN_KEY", ""),
    logLevel: get("LOG_LEVEL", "info").toLowerCase(),
  };
}
