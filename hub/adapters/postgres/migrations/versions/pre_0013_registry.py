"""The registry: what the published APIs call a warranty."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0013_registry"
down_revision = "pre_0012_limits"


def upgrade() -> None:
    """Number the units; older code goes on working beside it, and numbers those it adds."""
    run_sql(revision)
