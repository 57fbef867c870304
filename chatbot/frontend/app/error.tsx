"use client";

import { PageError } from "@todo/shared/ui/page-error";

export default PageError;
