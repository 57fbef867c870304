"""Sign-up, sign-in, sign-out."""

from fastapi import APIRouter, Response
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from app.api.deps import SessionDep, SettingsDep, UserDep
from app.errors import ApiError
from app.models import TaskCounter, User
from app.schemas import Credentials, Registration, TokenOut, UserOut
from app.security import check_password, clear_cookie, hash_password, issue_token, set_cookie
from app.settings import Settings

router = APIRouter(prefix="/api/auth", tags=["auth"])


def _signed_in(user: User, response: Response, settings: Settings) -> TokenOut:
    token = issue_token(user, settings)
    set_cookie(response, token, settings)
    return TokenOut(access_token=token, user=UserOut.model_validate(user))


@router.post("/register", status_code=201)
def register(data: Registration, response: Response, session: SessionDep, settings: SettingsDep) -> TokenOut:
    """Make an account and sign it in; 409 when the address has one."""
    name = data.name or data.email.partition("@")[0]
    user = User(email=data.email, name=name, password_hash=hash_password(data.password))
    session.add(user)
    try:
        session.flush()
        session.add(TaskCounter(user_id=user.id, last_id=0))
        session.commit()
    except IntegrityError as error:
        if "users_email_key" not in str(error.orig):
            raise
        raise ApiError(409, "email_taken", "An account with this e-mail address exists already.") from None
    return _signed_in(user, response, settings)


@router.post("/login")
def login(data: Credentials, response: Response, session: SessionDep, settings: SettingsDep) -> TokenOut:
    """Sign in; 401 tells neither whether the address nor whether the password was wrong."""
    email = data.email.strip().lower().replace("\x00", "")
    user = session.exec(select(User).where(User.email == email)).first()
    # The connection goes back to the pool before the costly comparison.
    session.commit()
    if not check_password(data.password, user.password_hash if user else None):
        raise ApiError(401, "wrong_credentials", "The e-mail address or the password is wrong.")
    return _signed_in(user, response, settings)


@router.get("/me")
def me(user: UserDep) -> UserOut:
    """Who is signed in."""
    return UserOut.model_validate(user)


@router.post("/logout", status_code=204)
def logout(response: Response, settings: SettingsDep) -> None:
    """Clear the browser's session; harmless without one."""
    clear_cookie(response, settings)
