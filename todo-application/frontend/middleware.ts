import { withPolicy } from "@todo/shared/server/csp";
import type { NextRequest } from "next/server";

export const config = { matcher: "/", runtime: "nodejs" };

export function middleware(request: NextRequest) {
  return withPolicy(request);
}
