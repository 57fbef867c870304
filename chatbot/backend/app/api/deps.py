"""What endpoints ask for: the person calling, the store, the chat service."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Request

from app.chat import ChatService
from app.idempotency import Requests
from app.revocation import refuse_revoked
from app.settings import Settings
from app.store import ConversationStore
from app.time_zone import TimeZoneHeader, today_in
from app.turns import Turns
from backend_common.tokens import Caller, authenticate


async def get_caller(request: Request) -> Caller:
    """The signed-in person; 503 until the database is ready, 401 without a valid token or after sign-out."""
    state = request.app.state
    state.lifecycle.require_ready()
    caller = authenticate(request, state.settings.jwt_secret_key.get_secret_value())
    await refuse_revoked(state.engine, caller)
    request.state.user_id = caller.user_id
    return caller


async def get_store(request: Request) -> ConversationStore:
    """Conversations."""
    return request.app.state.store


async def get_chat(request: Request) -> ChatService:
    """The service that answers."""
    return request.app.state.chat


async def get_turns(request: Request) -> Turns:
    """The order of messages."""
    return request.app.state.turns


async def get_requests(request: Request) -> Requests:
    """The gate for messages."""
    return request.app.state.requests


async def get_today(time_zone: TimeZoneHeader = None) -> date:
    """The day where the person is."""
    return today_in(time_zone)


async def get_settings(request: Request) -> Settings:
    """The process's settings."""
    return request.app.state.settings


CallerDep = Annotated[Caller, Depends(get_caller)]
StoreDep = Annotated[ConversationStore, Depends(get_store)]
ChatDep = Annotated[ChatService, Depends(get_chat)]
TurnsDep = Annotated[Turns, Depends(get_turns)]
RequestsDep = Annotated[Requests, Depends(get_requests)]
TodayDep = Annotated[date, Depends(get_today)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
