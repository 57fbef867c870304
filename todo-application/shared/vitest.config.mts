import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["todo-application/{shared,frontend}/test/**/*.test.ts", "chatbot/frontend/test/**/*.test.ts"],
    environment: "node",
    restoreMocks: true,
  },
});
