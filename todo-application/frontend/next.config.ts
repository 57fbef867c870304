import { frontendConfig } from "@todo/shared/next-config";

export default frontendConfig(__dirname);
