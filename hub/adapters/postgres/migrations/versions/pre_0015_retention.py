"""Retention: what each run removed, and by which version of the policy."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0015_retention"
down_revision = "pre_0014_delivery"


def upgrade() -> None:
    """Create the table; older code goes on working beside it."""
    run_sql(revision)
