"""Delivery: endpoints, what each is sent, and every attempt at it."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0014_delivery"
down_revision = "pre_0013_registry"


def upgrade() -> None:
    """Create the tables; older code goes on working beside them."""
    run_sql(revision)
