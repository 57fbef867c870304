export const dynamic = "force-dynamic";
export const runtime = "nodejs";
export { health as GET } from "@todo/shared/server/health";
