"""Migrations: one SQL file each, beside a revision of three lines.

`pre_*` must leave the schema usable by the code that runs now; `post_*` removes what no code needs
any more.
"""

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only

VERSIONS = Path(__file__).parent / "versions"


def run_sql(name: str) -> None:
    """Run `versions/<name>.sql` as it stands, many statements and all."""
    driver: Any = op.get_bind().connection.driver_connection
    await_only(driver.execute((VERSIONS / f"{name}.sql").read_text()))
