import { NotFound } from "@todo/shared/ui/not-found";

export default NotFound;
