"""Counts of requests that stand a clock which is set back."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0012_limits"
down_revision = "pre_0011_replay"


def upgrade() -> None:
    """Make the function anew; older code asks it as before."""
    run_sql(revision)
