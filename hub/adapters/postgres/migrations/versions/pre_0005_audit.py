"""The audit log: what was done, by whom and why, only ever added to."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0005_audit"
down_revision = "pre_0004_silence"


def upgrade() -> None:
    """Create the log; older code goes on working beside it."""
    run_sql(revision)
