import { withPolicy } from "@todo/shared/server/csp";
import { settings } from "@todo/shared/server/settings";
import type { NextRequest } from "next/server";

/** ChatKit's script, which can't be served from here, and the frame that it shows. */
const CHATKIT_ORIGIN = "https://cdn.platform.openai.com";

// Every page, those that say that there is none too; not what a backend answers or what is a file.
export const config = {
  matcher: "/((?!api(?:/|$)|chatkit(?:/|$)|mcp(?:/|$)|_next/|health$|ready$|icon\\.svg$).*)",
  runtime: "nodejs",
};

export function middleware(request: NextRequest) {
  return withPolicy(request, { scripts: settings().chatkitDomainKey ? [CHATKIT_ORIGIN] : [] });
}
