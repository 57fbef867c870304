import type { NextConfig } from "next";

/** Headers that are right for every answer of a page; the Content-Security-Policy comes from the middleware. */
const HEADERS = [
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "X-Frame-Options", value: "DENY" },
  { key: "Referrer-Policy", value: "same-origin" },
  { key: "Permissions-Policy", value: "camera=(), geolocation=(), microphone=()" },
];

/** Give the configuration of a frontend; `root` is the workspace's directory, from which dependencies are traced. */
export function frontendConfig(root: string): NextConfig {
  return {
    output: "standalone",
    outputFileTracingRoot: root,
    // Pages use no pictures that need conversion: sharp and its libraries stay out of the image.
    images: { unoptimized: true },
    outputFileTracingExcludes: {
      "**": ["node_modules/sharp/**", "node_modules/@img/**", "node_modules/typescript/**"],
    },
    transpilePackages: ["@todo/shared"],
    poweredByHeader: false,
    reactStrictMode: true,
    // MCP clients may ask for /mcp/: the backend decides, not a redirect.
    skipTrailingSlashRedirect: true,
    experimental: { cpus: 2 },
    async headers() {
      return [{ source: "/:path*", headers: HEADERS }];
    },
  };
}
