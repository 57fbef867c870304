"""What endpoints ask for: the person calling, the store, the chat service."""

from typing import Annotated

from fastapi import Depends, Request

from app.chat import ChatService
from app.settings import Settings
from app.store import ConversationStore
from app.tokens import Caller, authenticate


async def get_caller(request: Request) -> Caller:
    """The signed-in person; 503 until the database is ready, 401 without a valid token."""
    request.app.state.lifecycle.require_ready()
    return authenticate(request, request.app.state.settings.jwt_secret_key.get_secret_value())


async def get_store(request: Request) -> ConversationStore:
    """Conversations."""
    return request.app.state.store


async def get_chat(request: Request) -> ChatService:
    """The service that answers."""
    return request.app.state.chat


async def get_settings(request: Request) -> Settings:
    """The process's settings."""
    return request.app.state.settings


CallerDep = Annotated[Caller, Depends(get_caller)]
StoreDep = Annotated[ConversationStore, Depends(get_store)]
ChatDep = Annotated[ChatService, Depends(get_chat)]
SettingsDep = Annotated[Settings, Depends(get_settings)]
