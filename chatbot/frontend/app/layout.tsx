import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import "@todo/shared/styles/base.css";

export const metadata: Metadata = {
  title: "Todo chatbot",
  description: "Tell it what to do with your tasks.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#ffffff" },
    { media: "(prefers-color-scheme: dark)", color: "#1b1f1e" },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
