import type { Config } from "tailwindcss";

const token = (name: string) => `rgb(var(--${name}) / <alpha-value>)`;

/** The look of both pages: colours are variables of styles/base.css, so that light and dark are one set of classes. */
const preset: Omit<Config, "content"> = {
  theme: {
    extend: {
      colors: {
        page: token("page"),
        surface: token("surface"),
        sunken: token("sunken"),
        raised: token("raised"),
        line: token("line"),
        field: token("field"),
        ink: token("ink"),
        muted: token("muted"),
        accent: token("accent"),
        "accent-strong": token("accent-strong"),
        "accent-soft": token("accent-soft"),
        "on-accent": token("on-accent"),
        danger: token("danger"),
        "danger-soft": token("danger-soft"),
        warn: token("warn"),
        "warn-soft": token("warn-soft"),
      },
      fontFamily: {
        sans: [
          "system-ui",
          "-apple-system",
          "Segoe UI",
          "Roboto",
          "Noto Sans",
          "Helvetica Neue",
          "Arial",
          "sans-serif",
        ],
        mono: ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace"],
      },
      boxShadow: {
        card: "0 1px 2px rgb(0 0 0 / 0.05), 0 8px 24px -12px rgb(0 0 0 / 0.18)",
      },
      keyframes: {
        appear: { from: { opacity: "0", transform: "translateY(4px)" }, to: { opacity: "1", transform: "none" } },
      },
      animation: { appear: "appear 160ms ease-out" },
    },
  },
};

export default preset;
