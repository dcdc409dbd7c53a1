"""The way out: nothing of ours connects to an address that is not public, whatever a URL says."""

from hub.delivery.egress.addresses import ForbiddenError, Rules, Target
from hub.delivery.egress.network import Resolve, resolve
from hub.delivery.egress.transport import Egress

__all__ = ["Egress", "ForbiddenError", "Resolve", "Rules", "Target", "resolve"]
