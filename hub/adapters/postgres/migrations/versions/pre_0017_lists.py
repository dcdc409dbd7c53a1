"""Indexes for what is looked through again and again: sessions that are over, bulks of a tenant."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0017_lists"
down_revision = "pre_0016_proof"


def upgrade() -> None:
    """Add the indexes; older code goes on working beside them."""
    run_sql(revision)
