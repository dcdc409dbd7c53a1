"""The merchant an event speaks for."""

from hub.domain.errors import reject
from hub.sdk.events import Event, Known, Tenant


def tenant_of(event: Event, known: Known) -> Tenant:
    """The merchant's defaults.

    Raises:
        RejectedError: nobody has set this merchant up.

    """
    tenant = known.tenant(event.tenant)
    if tenant is None:
        raise reject("unknown_tenant", f"there is no tenant {event.tenant!r}; set it up first")
    return tenant
