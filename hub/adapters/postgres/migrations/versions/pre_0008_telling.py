"""What is being told of an item just now, and which run of a bulk marks."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0008_telling"
down_revision = "pre_0007_audit_chain"


def upgrade() -> None:
    """Add a column to items and one to bulks; older code goes on working beside them."""
    run_sql(revision)
