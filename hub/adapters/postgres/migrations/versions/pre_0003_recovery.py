"""What retries, holds, dead letters and redrives need beside each item."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0003_recovery"
down_revision = "pre_0002_doors"


def upgrade() -> None:
    """Add columns and tables, and let parked records be items. No release ever ran what this replaces."""
    run_sql(revision)
