"""Proofs of purchase, and the pictures and papers that show them."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0016_proof"
down_revision = "post_0015_retention"


def upgrade() -> None:
    """Create the tables; older code goes on working beside them."""
    run_sql(revision)
