"""Sign-up, sign-in, sign-out."""

from contextlib import suppress

from fastapi import APIRouter, Request, Response
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session, select
from starlette.concurrency import run_in_threadpool

from app.api.deps import AccountDep, AddressDep, SessionsDep, SettingsDep, get_sessions
from app.api.documented import documented
from app.attempts import Attempt
from app.models import RevokedToken, TaskCounter, User
from app.schemas import Credentials, Registration, TokenOut, UserOut
from app.security import check_password, clear_cookie, hash_password, issue_token, set_cookie
from app.settings import Settings
from backend_common.documented import BODY
from backend_common.errors import ApiError
from backend_common.tokens import Caller, authenticate, bearer_token, guard_csrf

router = APIRouter(prefix="/api/auth", tags=["auth"])


def _signed_in(user: User, response: Response, settings: Settings) -> TokenOut:
    token = issue_token(user, settings)
    set_cookie(response, token, settings)
    return TokenOut(access_token=token, user=UserOut.model_validate(user))


def _begin(sessions: sessionmaker[Session], attempt: Attempt) -> User | None:
    """Count the attempt and look the person up."""
    with sessions.begin() as session:
        attempt.begin(session)
        return None if attempt.email is None else session.exec(select(User).where(User.email == attempt.email)).first()


def _succeeded(sessions: sessionmaker[Session], attempt: Attempt) -> None:
    with sessions.begin() as session:
        attempt.succeeded(session)


def _add(sessions: sessionmaker[Session], user: User, attempt: Attempt) -> None:
    """Store a new person; an address that is taken stays counted, since it tells who has an account."""
    try:
        with sessions.begin() as session:
            session.add(user)
            session.flush()
            session.add(TaskCounter(user_id=user.id, last_id=0))
            attempt.succeeded(session)
    except IntegrityError as error:
        if "users_email_key" not in str(error.orig):
            raise
        raise ApiError(409, "email_taken", "An account with this e-mail address exists already.") from None


@router.post(
    "/register",
    **documented(201, *BODY, "email_taken", "too_many_attempts", headers=("Set-Cookie",)),
)
async def register(
    data: Registration, response: Response, sessions: SessionsDep, settings: SettingsDep, address: AddressDep
) -> TokenOut:
    """Make an account and sign it in; 409 when the address has one."""
    attempt = Attempt(settings, address)
    await run_in_threadpool(_begin, sessions, attempt)
    # No connection is held while the password is hashed.
    name = data.name or data.email.partition("@")[0]
    user = User(email=data.email, name=name, password_hash=await hash_password(data.password))
    await run_in_threadpool(_add, sessions, user, attempt)
    return _signed_in(user, response, settings)


@router.post(
    "/login",
    **documented(200, *BODY, "wrong_credentials", "too_many_attempts", headers=("Set-Cookie",)),
)
async def login(
    data: Credentials, response: Response, sessions: SessionsDep, settings: SettingsDep, address: AddressDep
) -> TokenOut:
    """Sign in; 401 tells neither whether the address nor whether the password was wrong."""
    attempt = Attempt(settings, address, data.email.strip().lower().replace("\x00", ""))
    user = await run_in_threadpool(_begin, sessions, attempt)
    if not await check_password(data.password, user.password_hash if user else None):
        raise ApiError(401, "wrong_credentials", "The e-mail address or the password is wrong.")
    await run_in_threadpool(_succeeded, sessions, attempt)
    return _signed_in(user, response, settings)


@router.get("/me", **documented(200, signed_in=True))
def me(account: AccountDep) -> UserOut:
    """Who is signed in."""
    return UserOut.model_validate(account.user())


def _revoke(sessions: sessionmaker[Session], caller: Caller) -> None:
    row = insert(RevokedToken).values(token_id=caller.token_id, expires_at=caller.expires_at)
    with sessions.begin() as session:
        session.execute(row.on_conflict_do_nothing())


@router.post("/logout", **documented(204, "cross_site_request", headers=("Set-Cookie",)))
async def logout(request: Request, response: Response, settings: SettingsDep) -> None:
    """End the session, for both backends, and clear the browser's cookie; harmless without one."""
    if not bearer_token(request.headers.get("authorization")):
        # Also without a cookie: the answer of a request from another site would clear it all the same.
        guard_csrf(request)
    caller: Caller | None = None
    with suppress(ApiError):
        caller = authenticate(request, settings.jwt_secret_key.get_secret_value())
    if caller:
        request.state.user_id = caller.user_id
        await run_in_threadpool(_revoke, await get_sessions(request), caller)
    clear_cookie(response, settings)
