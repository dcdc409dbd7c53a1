"""Retention: the days that stood beside the policy."""

from hub.adapters.postgres.migrations import run_sql

revision = "post_0015_retention"
down_revision = "pre_0015_retention"


def upgrade() -> None:
    """Drop the table, unless something stands in it alone."""
    run_sql(revision)
