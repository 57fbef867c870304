import path from "node:path";
import { frontendConfig } from "@todo/shared/next-config";

export default frontendConfig(path.join(__dirname, "../.."));
