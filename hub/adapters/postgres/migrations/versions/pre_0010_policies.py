"""What merchants lay down, and what waits for the one who may decide it."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0010_policies"
down_revision = "pre_0009_privacy"


def upgrade() -> None:
    """Create what the catalog keeps; older code goes on working beside it."""
    run_sql(revision)
