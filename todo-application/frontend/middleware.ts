import { withPolicy } from "@todo/shared/server/csp";
import type { NextRequest } from "next/server";

// Every page, those that say that there is none too; not what a backend answers or what is a file.
export const config = {
  matcher: "/((?!api(?:/|$)|chatkit(?:/|$)|mcp(?:/|$)|_next/|health$|ready$|icon\\.svg$).*)",
  runtime: "nodejs",
};

export function middleware(request: NextRequest) {
  return withPolicy(request);
}
