"""Failed sign-ins are counted for each account and each address, in the database, so that replicas count together.

An attempt is counted before the password is looked at and given back when it was right: attempts that arrive at the
same time can't get past the limit. Whether the account exists makes no difference.
"""

import math
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network

from sqlalchemy import case, delete, extract, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from app.models import SignInFailures
from app.settings import Settings
from backend_common.errors import ApiError


def _hashed(text: str) -> str:
    # What was typed as an address may be a password: it isn't stored as it is.
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    """What one person can choose addresses from: the address itself, with IPv6 its /64."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((ip, 64), strict=False)) if ip.version == 6 else address


@dataclass(frozen=True)
class Attempt:
    """One attempt; `email` is None for a sign-up, which concerns the address only."""

    settings: Settings
    address: str
    email: str | None = None

    @property
    def _account(self) -> str | None:
        return None if self.email is None else _hashed(f"account {self.email}")

    @property
    def _address(self) -> str:
        return _hashed(f"address {_network(self.address)}")

    def begin(self, session: Session) -> None:
        """Count the attempt as a failure.

        Raises:
            ApiError: 429; then nothing may be committed, so that refused attempts don't count.
        """
        limits = {self._address: self.settings.sign_in_failures_per_address}
        if self._account:
            # First in every statement: rows are locked in one order, and nobody waits in a circle.
            limits = {self._account: self.settings.sign_in_failures_per_account, **limits}
        ends = func.now() + timedelta(seconds=self.settings.sign_in_window_seconds)
        rows = [{"subject": subject, "failures": 1, "expires_at": ends} for subject in limits]
        statement = insert(SignInFailures).values(rows)
        over = SignInFailures.expires_at <= func.now()
        statement = statement.on_conflict_do_update(
            index_elements=["subject"],
            set_={
                "failures": case((over, 1), else_=SignInFailures.failures + 1),
                "expires_at": case((over, statement.excluded.expires_at), else_=SignInFailures.expires_at),
            },
        )
        left = extract("epoch", SignInFailures.expires_at - func.now())
        counted = session.execute(statement.returning(SignInFailures.subject, SignInFailures.failures, left)).all()
        waits = [float(seconds) for subject, failures, seconds in counted if failures > limits[subject]]
        if waits:
            seconds = max(1, math.ceil(max(waits)))
            message = f"Too many failed attempts; please try again in {seconds} seconds."
            raise ApiError(429, "too_many_attempts", message, {"Retry-After": str(seconds)})

    def succeeded(self, session: Session) -> None:
        """Forget the account's failures and give the address its attempt back."""
        if self._account:
            session.execute(delete(SignInFailures).where(SignInFailures.subject == self._account))
        mine = (SignInFailures.subject == self._address, SignInFailures.failures > 0)
        session.execute(update(SignInFailures).where(*mine).values(failures=SignInFailures.failures - 1))
