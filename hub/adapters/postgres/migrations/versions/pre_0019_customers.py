"""Customers: contacts are kept each for itself, and names lead to whose they are."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0019_customers"
down_revision = "pre_0018_catalogue"


def upgrade() -> None:
    """Create the tables; older code goes on working beside them."""
    run_sql(revision)
