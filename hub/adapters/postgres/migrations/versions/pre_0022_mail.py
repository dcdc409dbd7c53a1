"""Endpoints that are mails to customers, and a filter by supplier."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0022_mail"
down_revision = "pre_0021_claims"


def upgrade() -> None:
    """Add what older code reads past."""
    run_sql(revision)
