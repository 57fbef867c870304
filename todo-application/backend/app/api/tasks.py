"""A person's tasks. Every statement names the owner, so that somebody else's task can't be told from none."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import ColumnElement, delete, func, not_, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from app.api.deps import SessionDep, UserDep
from app.errors import ApiError
from app.models import Task, TaskCounter, User, now
from app.schemas import TaskCreate, TaskOut, TaskPatch, TaskReplace

router = APIRouter(prefix="/api/tasks", tags=["tasks"])

TaskId = Annotated[int, Path(ge=1, le=2**31 - 1)]
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


def _next_id(session: Session, user: User) -> int:
    """Take the next number; the counter's row stays locked until the commit, so that numbers can't collide."""
    statement = insert(TaskCounter).values(user_id=user.id, last_id=1)
    statement = statement.on_conflict_do_update(
        index_elements=[TaskCounter.user_id], set_={"last_id": TaskCounter.last_id + 1}
    )
    return session.scalar(statement.returning(TaskCounter.last_id))


def _change(session: Session, user: User, task_id: int, values: dict[str, Any]) -> Task:
    """Write `values` in one statement and return the task, or raise 404."""
    statement = update(Task).where(Task.user_id == user.id, Task.id == task_id)
    statement = statement.values(**values, updated_at=now()).returning(Task)
    task = session.scalar(statement)
    if task is None:
        raise _not_found(task_id)
    session.commit()
    return task


def _get(session: Session, user: User, task_id: int) -> Task:
    task = session.get(Task, (user.id, task_id))
    if task is None:
        raise _not_found(task_id)
    return task


@router.get("")
def list_tasks(
    response: Response,
    user: UserDep,
    session: SessionDep,
    status: Literal["all", "pending", "completed"] = "all",
    sort: Literal["created", "title", "due_date"] = "created",
    q: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> list[TaskOut]:
    """One page of tasks; X-Total-Count says how many there are in all. `created` puts the newest first."""
    wanted: list[ColumnElement[bool]] = [Task.user_id == user.id]
    if status != "all":
        wanted.append(Task.completed.is_(status == "completed"))
    if needle := q.replace("\x00", "").strip():
        wanted.append(
            or_(Task.title.icontains(needle, autoescape=True), Task.description.icontains(needle, autoescape=True))
        )
    total = session.scalar(select(func.count()).select_from(Task).where(*wanted))
    tasks = session.exec(select(Task).where(*wanted).order_by(*ORDERS[sort]).limit(limit).offset(offset)).all()
    response.headers["X-Total-Count"] = str(total)
    return [TaskOut.model_validate(task) for task in tasks]


@router.post("", status_code=201)
def create_task(data: TaskCreate, response: Response, user: UserDep, session: SessionDep) -> TaskOut:
    """Add a task."""
    task = Task(user_id=user.id, id=_next_id(session, user), **data.model_dump())
    session.add(task)
    session.commit()
    response.headers["Location"] = f"{router.prefix}/{task.id}"
    return TaskOut.model_validate(task)


@router.get("/{task_id}")
def get_task(task_id: TaskId, user: UserDep, session: SessionDep) -> TaskOut:
    """One task."""
    return TaskOut.model_validate(_get(session, user, task_id))


@router.put("/{task_id}")
def replace_task(task_id: TaskId, data: TaskReplace, user: UserDep, session: SessionDep) -> TaskOut:
    """Replace a task's contents."""
    values = data.model_dump()
    if values["completed"] is None:
        del values["completed"]
    return TaskOut.model_validate(_change(session, user, task_id, values))


@router.patch("/{task_id}")
def change_task(task_id: TaskId, data: TaskPatch, user: UserDep, session: SessionDep) -> TaskOut:
    """Change what is given and leave the rest."""
    values = data.model_dump(exclude_unset=True)
    task = _change(session, user, task_id, values) if values else _get(session, user, task_id)
    return TaskOut.model_validate(task)


@router.delete("/{task_id}", status_code=204)
def delete_task(task_id: TaskId, user: UserDep, session: SessionDep) -> None:
    """Remove a task; its number isn't given again."""
    gone = session.scalar(delete(Task).where(Task.user_id == user.id, Task.id == task_id).returning(Task.id))
    if gone is None:
        raise _not_found(task_id)
    session.commit()


@router.patch("/{task_id}/complete")
def toggle_task(task_id: TaskId, user: UserDep, session: SessionDep) -> TaskOut:
    """Turn a pending task into a completed one and back."""
    return TaskOut.model_validate(_change(session, user, task_id, {"completed": not_(Task.completed)}))
