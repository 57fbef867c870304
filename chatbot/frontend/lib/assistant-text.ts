/** Say who answers, from the assistant's name: "built-in", or "openai:" and the model. */
export function assistantText(name: string): string {
  if (name === "built-in") return "Built-in assistant: no key set";
  return name.startsWith("openai:") ? `Language model: ${name.slice("openai:".length)}` : name;
}
