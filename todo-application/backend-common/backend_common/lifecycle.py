"""What stage of its life the process is in, and why it can't serve yet."""

from collections.abc import Callable
from dataclasses import dataclass, field

from backend_common.errors import RETRY_SOON, ApiError


@dataclass
class Lifecycle:
    """Shared by the start-up thread, the server and the request handlers; single assignments only."""

    migrated: bool = False
    draining: bool = False
    reason: str = "starting"
    failed: bool = False
    on_failure: Callable[[], None] = field(default=lambda: None)

    def fail(self, reason: str) -> None:
        """Record a failure that waiting won't cure and have the server end."""
        self.reason = reason
        self.failed = True
        self.on_failure()

    def require_ready(self) -> None:
        """Raise a 503 ApiError until the database has been reached and migrated."""
        if not self.migrated:
            raise ApiError(503, "starting", f"Not ready yet: {self.reason}.", RETRY_SOON)
