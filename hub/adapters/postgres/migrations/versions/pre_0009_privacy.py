"""Keys of tenants that can be changed, people who are forgotten, and how long things are kept."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0009_privacy"
down_revision = "pre_0008_telling"


def upgrade() -> None:
    """Create the tables; older code goes on working until the first key is changed."""
    run_sql(revision)
