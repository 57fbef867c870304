import path from "node:path";
import type { NextConfig } from "next";
import { BundledPackages } from "./build/bundled-packages";
import { contentId } from "./build/content-id";

/** Headers that are right for every answer of a page; the Content-Security-Policy comes from the middleware. */
const HEADERS = [
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "X-Frame-Options", value: "DENY" },
  { key: "Referrer-Policy", value: "same-origin" },
  { key: "Permissions-Policy", value: "camera=(), geolocation=(), microphone=()" },
];

/**
 * What pages would download for nothing, 5 kB in all: axios' other way to send requests (they go by XMLHttpRequest), and
 * its names of all statuses.
 */
const UNUSED = ["axios/lib/adapters/fetch.js", "axios/lib/helpers/HttpStatusCode.js"];

/** Give the configuration of the frontend in the directory `app`. */
export function frontendConfig(app: string): NextConfig {
  // The workspace's root: dependencies are traced from here.
  const root = path.join(app, "../..");
  return {
    output: "standalone",
    // Next.js would take a random one: the same sources then never gave the same files.
    generateBuildId: () =>
      // package.json says for which browsers.
      contentId(root, ["package.json", "package-lock.json", "todo-application/shared", path.relative(root, app)]),
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
    // The worker would be left out because of the plugin below.
    experimental: { cpus: 2, webpackBuildWorker: true },
    webpack(config, { isServer }) {
      if (!isServer) for (const part of UNUSED) config.resolve.alias[path.join(root, "node_modules", part)] = false;
      config.plugins.push(new BundledPackages(path.join(app, ".next")));
      return config;
    },
    async headers() {
      return [{ source: "/:path*", headers: HEADERS }];
    },
  };
}
