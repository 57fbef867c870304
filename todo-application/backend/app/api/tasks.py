"""A person's tasks. Every statement names the owner, so that somebody else's task can't be told from none."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import ColumnElement, bindparam, delete, func, not_, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from app.api.deps import Account, AccountDep
from app.api.documented import documented
from app.idempotency import IdempotencyKeyHeader, answer_before, keep
from app.list_state import IfNoneMatch, list_etag, matches, with_state
from app.models import Task, TaskCounter, now
from app.preconditions import IfMatch, etag, failed, versions
from app.schemas import TaskCreate, TaskOut, TaskPatch, TaskReplace
from backend_common.documented import BODY
from backend_common.errors import ApiError

router = APIRouter(prefix="/api/tasks", tags=["tasks"])

TaskId = Annotated[int, Path(ge=1, le=2**31 - 1)]
ON_A_TASK = ("cross_site_request", "not_found", "precondition_failed")
LIMIT_DEFAULT = 100
LIMIT_MAX = 500

ORDERS = {
    # Ids are given in the order of creation, and the primary key has them sorted.
    "created": (Task.id.desc(),),
    "title": (func.lower(Task.title), Task.id),
    "due_date": (Task.due_date.asc().nulls_last(), Task.id),
}


def _not_found(task_id: int) -> ApiError:
    return ApiError(404, "not_found", f"You have no task {task_id}.")


_COUNT_UP = (
    insert(TaskCounter)
    .values(user_id=bindparam("user_id"), last_id=1)
    .on_conflict_do_update(index_elements=[TaskCounter.user_id], set_={"last_id": TaskCounter.last_id + 1})
    .returning(TaskCounter.last_id)
)


def _next_id(session: Session, user_id: int) -> int:
    """Take the next number; the counter's row stays locked until the commit, so that numbers can't collide."""
    return session.connection().scalar(_COUNT_UP, {"user_id": user_id})


def _get(session: Session, user_id: int, task_id: int) -> Task:
    task = session.get(Task, (user_id, task_id))
    if task is None:
        raise _not_found(task_id)
    return task


def _wanted(user_id: int, task_id: int, if_match: str | None) -> list[ColumnElement[bool]]:
    """The person's task, in a version that the request allows."""
    wanted: list[ColumnElement[bool]] = [Task.user_id == user_id, Task.id == task_id]
    if (allowed := versions(if_match)) is not None:
        wanted.append(Task.version.in_(allowed))
    return wanted


def _change(account: Account, task_id: int, if_match: str | None, values: dict[str, Any]) -> Task:
    """Write `values` in one statement and return the task, or raise 404 or 412."""
    statement = update(Task).where(*_wanted(account.id, task_id, if_match))
    statement = statement.values(**values, version=Task.version + 1, updated_at=now()).returning(Task)
    with account.session() as session:
        task = session.scalar(statement)
        if task is None:
            raise failed(task_id, _get(session, account.id, task_id).version)
        return task


def _out(task: Task, response: Response) -> TaskOut:
    response.headers["ETag"] = etag(task.version)
    return TaskOut.model_validate(task)


@router.get(
    "",
    response_model=list[TaskOut],
    **with_state(documented(200, headers=("X-Total-Count",), signed_in=True)),
)
def list_tasks(
    response: Response,
    account: AccountDep,
    status: Literal["all", "pending", "completed"] = "all",
    sort: Literal["created", "title", "due_date"] = "created",
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    if_none_match: IfNoneMatch = None,
) -> list[TaskOut] | Response:
    """One page of tasks; X-Total-Count says how many there are in all. `created` puts the newest first.

    The ETag is the state of all of the person's tasks: sent back as If-None-Match, it asks cheaply for news."""
    wanted: list[ColumnElement[bool]] = [Task.user_id == account.id]
    if status != "all":
        wanted.append(Task.completed.is_(status == "completed"))
    if needle := q.replace("\x00", "").strip():
        wanted.append(
            or_(Task.title.icontains(needle, autoescape=True), Task.description.icontains(needle, autoescape=True))
        )
    with account.session() as session:
        # Before the list: what changes in between is news once more, and never missed.
        state = list_etag(session, account.id)
        if matches(if_none_match, state):
            return Response(status_code=304, headers={"ETag": state})
        total = session.scalar(select(func.count()).select_from(Task).where(*wanted))
        tasks = session.exec(select(Task).where(*wanted).order_by(*ORDERS[sort]).limit(limit).offset(offset)).all()
    response.headers["X-Total-Count"] = str(total)
    response.headers["ETag"] = state
    return [TaskOut.model_validate(task) for task in tasks]


@router.post(
    "",
    **documented(
        201,
        *BODY,
        "cross_site_request",
        "idempotency_key_reused",
        headers=("Location", "ETag"),
        signed_in=True,
    ),
)
def create_task(
    data: TaskCreate, response: Response, account: AccountDep, idempotency_key: IdempotencyKeyHeader = None
) -> TaskOut:
    """Add a task. With an Idempotency-Key, sending it again gives the same answer and adds nothing."""
    with account.transaction() as session:
        kept = answer_before(session, account.id, idempotency_key, data) if idempotency_key else None
        if kept:
            task = TaskOut.model_validate_json(kept)
        else:
            row = Task(user_id=account.id, id=_next_id(session, account.id), **data.model_dump())
            session.add(row)
            task = TaskOut.model_validate(row)
            if idempotency_key:
                keep(session, account.id, idempotency_key, task)
    response.headers["Location"] = f"{router.prefix}/{task.id}"
    response.headers["ETag"] = etag(task.version)
    return task


@router.get("/{task_id}", **documented(200, "not_found", headers=("ETag",), signed_in=True))
def get_task(task_id: TaskId, response: Response, account: AccountDep) -> TaskOut:
    """One task."""
    with account.session() as session:
        return _out(_get(session, account.id, task_id), response)


@router.put("/{task_id}", **documented(200, *BODY, *ON_A_TASK, headers=("ETag",), signed_in=True))
def replace_task(
    task_id: TaskId, data: TaskReplace, response: Response, account: AccountDep, if_match: IfMatch = None
) -> TaskOut:
    """Replace a task's contents."""
    values = data.model_dump()
    if values["completed"] is None:
        del values["completed"]
    return _out(_change(account, task_id, if_match, values), response)


@router.patch("/{task_id}", **documented(200, *BODY, *ON_A_TASK, headers=("ETag",), signed_in=True))
def change_task(
    task_id: TaskId, data: TaskPatch, response: Response, account: AccountDep, if_match: IfMatch = None
) -> TaskOut:
    """Change what is given and leave the rest."""
    if values := data.model_dump(exclude_unset=True):
        return _out(_change(account, task_id, if_match, values), response)
    with account.session() as session:
        task = _get(session, account.id, task_id)
    if (allowed := versions(if_match)) is not None and task.version not in allowed:
        raise failed(task_id, task.version)
    return _out(task, response)


@router.delete("/{task_id}", **documented(204, *ON_A_TASK, signed_in=True))
def delete_task(task_id: TaskId, account: AccountDep, if_match: IfMatch = None) -> None:
    """Remove a task; its number isn't given again."""
    with account.session() as session:
        gone = session.scalar(delete(Task).where(*_wanted(account.id, task_id, if_match)).returning(Task.id))
        if gone is None:
            raise failed(task_id, _get(session, account.id, task_id).version)


@router.patch("/{task_id}/complete", **documented(200, *ON_A_TASK, headers=("ETag",), signed_in=True))
def toggle_task(task_id: TaskId, response: Response, account: AccountDep, if_match: IfMatch = None) -> TaskOut:
    """Turn a pending task into a completed one and back. Sent twice it changes nothing: a client that may have to
    repeat itself says what it wants with PATCH /api/tasks/{id} {"completed": …}."""
    return _out(_change(account, task_id, if_match, {"completed": not_(Task.completed)}), response)
