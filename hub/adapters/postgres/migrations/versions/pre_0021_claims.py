"""Claims, and what they led to."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0021_claims"
down_revision = "pre_0020_shop"


def upgrade() -> None:
    """Create the tables; older code does not know them."""
    run_sql(revision)
