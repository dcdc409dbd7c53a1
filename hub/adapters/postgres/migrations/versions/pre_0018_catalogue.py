"""The catalogue: products, categories, and the movements whose sum is the stock."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0018_catalogue"
down_revision = "pre_0017_lists"


def upgrade() -> None:
    """Create what the catalogue keeps; older code goes on working beside it."""
    run_sql(revision)
