"""How long a source may be quiet, and when it was last heard of."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0004_silence"
down_revision = "pre_0003_recovery"


def upgrade() -> None:
    """Create what telling silence needs; older code goes on working beside it."""
    run_sql(revision)
