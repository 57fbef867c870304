"""What endpoints ask for: settings, a way to the database, the person calling."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import bindparam, exists
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select

from app.client_address import client_address
from app.models import RevokedToken, User
from app.settings import Settings
from backend_common.tokens import Caller, authenticate, signed_out, unauthenticated


async def get_settings(request: Request) -> Settings:
    """The process's settings."""
    return request.app.state.settings


async def get_sessions(request: Request) -> sessionmaker[Session]:
    """Makes sessions; what they don't commit is undone. 503 until the database is ready."""
    request.app.state.lifecycle.require_ready()
    return request.app.state.sessions


SettingsDep = Annotated[Settings, Depends(get_settings)]
SessionsDep = Annotated[sessionmaker[Session], Depends(get_sessions)]


async def get_address(request: Request, settings: SettingsDep) -> str:
    """Where the request comes from."""
    return client_address(request, settings.trusted_proxies)


AddressDep = Annotated[str, Depends(get_address)]


# Made once: putting it together takes as long as sending it.
_ADMISSION = select(User, exists().where(RevokedToken.token_id == bindparam("token_id"))).where(
    User.id == bindparam("user_id")
)


@dataclass(frozen=True)
class Account:
    """The signed-in person's way to the database. Whether the person is still there, and the token not signed out, is
    looked up in the session that does the work: a request takes one connection, once, in one thread."""

    caller: Caller
    sessions: sessionmaker[Session]
    autocommit_sessions: sessionmaker[Session]

    @property
    def id(self) -> int:
        """The person's number."""
        return self.caller.user_id

    def _admit(self, session: Session) -> User:
        who = {"user_id": self.id, "token_id": self.caller.token_id}
        user, is_revoked = session.exec(_ADMISSION, params=who).first() or (None, False)
        if is_revoked:
            raise signed_out()
        if user is None or user.email != self.caller.email:
            raise unauthenticated("invalid_token", "This account doesn't exist any more; please sign in again.")
        return user

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session where each statement commits itself."""
        with self.autocommit_sessions() as session:
            self._admit(session)
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at its end, and therefore before the answer, or not at all."""
        with self.sessions.begin() as session:
            self._admit(session)
            yield session

    def user(self) -> User:
        """The person."""
        with self.autocommit_sessions() as session:
            return self._admit(session)


async def get_account(request: Request, settings: SettingsDep, sessions: SessionsDep) -> Account:
    """The signed-in person; a token outlives neither its person nor a database made anew."""
    caller = authenticate(request, settings.jwt_secret_key.get_secret_value())
    request.state.user_id = caller.user_id
    return Account(caller, sessions, request.app.state.autocommit_sessions)


AccountDep = Annotated[Account, Depends(get_account)]
