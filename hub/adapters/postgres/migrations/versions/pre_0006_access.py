"""People, their sessions and mails, keys with roles, limits, and how tokens are signed."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0006_access"
down_revision = "pre_0005_audit"


def upgrade() -> None:
    """Create the tables; older code goes on working beside them."""
    run_sql(revision)
