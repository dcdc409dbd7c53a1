"""Verifying at a shop: the token by which a source is asked, and what it answered."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0020_shop"
down_revision = "pre_0019_customers"


def upgrade() -> None:
    """Create the table and the column; older code goes on working beside them."""
    run_sql(revision)
