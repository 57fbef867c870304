import { proxy } from "@todo/shared/server/proxy";

export const dynamic = "force-dynamic";
export const runtime = "nodejs";
export { proxy as DELETE, proxy as GET, proxy as HEAD, proxy as OPTIONS, proxy as PATCH, proxy as POST, proxy as PUT };
