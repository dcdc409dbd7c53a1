"""An httpx transport whose connections are all checked, and which asks for nothing else."""

import ssl
from dataclasses import dataclass, field

import httpcore
import httpx

from hub.delivery.egress.addresses import Rules, Target
from hub.delivery.egress.network import GuardedNetwork, Lookups, Resolve

KEPT_SECONDS = 15.0
"""An idle connection is closed after so long; the next one asks for the address anew."""


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's own, on a network of ours. One connection: a pool is looked through for each request."""

    def __init__(self, network: GuardedNetwork, trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trust,
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=network,
        )


@dataclass(slots=True)
class Egress:
    """Opens clients for what is outside. Without a proxy every address is checked here."""

    rules: Rules
    resolve: Resolve = field(default_factory=Lookups)
    proxy: str | None = None
    """Of the operator's own, which then checks addresses itself: it alone can resolve them. What a URL says by itself
    is checked here all the same."""
    _trust: ssl.SSLContext | None = field(default=None)

    def client(self, url: str, timeout: float) -> httpx.AsyncClient:
        """A line to the host of this URL.

        Raises:
            ForbiddenError: the URL is not one to be used.

        """
        target = Target.of(url)
        if self._trust is None:
            self._trust = ssl.create_default_context()
        transport: httpx.AsyncHTTPTransport
        if self.proxy is None:
            network = GuardedNetwork(self.rules, self.resolve, target.scheme)
            transport = _Transport(network, self._trust)
        else:
            self.rules.check_unresolved(target)
            one = httpx.Limits(max_connections=1, keepalive_expiry=KEPT_SECONDS)
            transport = httpx.AsyncHTTPTransport(
                verify=self._trust, trust_env=False, proxy=self.proxy, limits=one
            )
        return httpx.AsyncClient(
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            trust_env=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "warranty-hub"},
        )
