"""Replays of deliveries that are asked for by a key, and the dead found by themselves."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0023_delivery"
down_revision = "pre_0022_mail"


def upgrade() -> None:
    """Add what older code reads past."""
    run_sql(revision)
