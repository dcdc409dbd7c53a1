"""The audit log takes everything, is linked into a chain for each tenant, and is sampled every month."""

from hub.adapters.postgres.migrations import run_sql

revision = "pre_0007_audit_chain"
down_revision = "pre_0006_access"


def upgrade() -> None:
    """Add chains, signed heads and samples; older code goes on working beside them."""
    run_sql(revision)
