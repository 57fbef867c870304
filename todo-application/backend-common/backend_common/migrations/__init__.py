"""A backend's own part of the database, brought up to date by Alembic."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine


@dataclass(frozen=True)
class Migrations:
    """The revisions in `folder`, which make the PostgreSQL schema `schema`."""

    schema: str
    folder: Path

    def upgrade(self, engine: Engine, revision: str = "head") -> None:
        """Upgrade to `revision` (default: the newest) in one transaction; processes that start together take turns.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: when the database refuses; then nothing has changed.
        """
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent))
        config.set_main_option("path_separator", "newline")
        config.set_main_option("version_locations", str(self.folder))
        with engine.connect() as connection:
            config.attributes.update(connection=connection, schema=self.schema)
            command.upgrade(config, revision)
