"""The merchant of the stories."""

from hub.sdk.events import Tenant

TENANT = Tenant("acme", coverage_months=24, patience_days=7)
