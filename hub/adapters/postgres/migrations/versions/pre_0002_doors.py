"""Sources, keys, the landing log, the trail, and who may see which rows."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0002_doors"
down_revision = "pre_0001_ledger"


def upgrade() -> None:
    """Create what the doors need; older code goes on working beside it."""
    run_sql(revision)
