"""Replays that are asked for: rows of a tenant's own, worked on by whoever translates."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0011_replay"
down_revision = "pre_0010_policies"


def upgrade() -> None:
    """Create the table; older code goes on working beside it."""
    run_sql(revision)
