"""The ledger, the purchase and their first projection."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0001_ledger"
down_revision = None


def upgrade() -> None:
    """Create everything of the first release."""
    run_sql(revision)
