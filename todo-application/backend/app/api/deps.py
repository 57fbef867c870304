"""What endpoints ask for: settings, a session, the person calling."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from app.models import User
from app.settings import Settings
from app.tokens import authenticate, unauthenticated


async def get_settings(request: Request) -> Settings:
    """The process's settings."""
    return request.app.state.settings


def get_session(request: Request) -> Iterator[Session]:
    """A session of the pool. Endpoints commit themselves, before they answer; what they don't commit is undone."""
    request.app.state.lifecycle.require_ready()
    with request.app.state.sessions() as session:
        yield session


SettingsDep = Annotated[Settings, Depends(get_settings)]
SessionDep = Annotated[Session, Depends(get_session)]


def get_user(request: Request, settings: SettingsDep, session: SessionDep) -> User:
    """The signed-in person; a token outlives neither its person nor a database made anew."""
    caller = authenticate(request, settings.jwt_secret_key.get_secret_value())
    user = session.get(User, caller.user_id)
    # Gives the connection back: a request that kept it while it waits for a thread could starve those that wait
    # for a connection in all the threads.
    session.commit()
    if user is None or user.email != caller.email:
        raise unauthenticated("invalid_token", "This account doesn't exist any more; please sign in again.")
    return user


UserDep = Annotated[User, Depends(get_user)]
