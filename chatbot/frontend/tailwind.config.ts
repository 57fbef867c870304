import preset from "@todo/shared/tailwind-preset";
import type { Config } from "tailwindcss";

const config: Config = {
  presets: [preset],
  content: ["./app/**/*.{ts,tsx}", "./components/**/*.{ts,tsx}", "../../todo-application/shared/ui/**/*.tsx"],
};

export default config;
