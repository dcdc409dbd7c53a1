"""The process that tells the outside, and whatever else speaks to an endpoint."""

from hub.adapters.postgres import BY_INDEX
from hub.bootstrap.parts import check_production, database, keys_followed
from hub.bootstrap.running import Serve, beside, run_until_stopped
from hub.delivery.chores import ENDPOINTS, STATES, Chores
from hub.delivery.destinations import Destination
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.egress import Egress, Rules
from hub.delivery.http import HttpDestination
from hub.settings import Settings
from hub.telemetry.metrics import Metrics, from_zero

FATES = ("delivered", "retry", "dead", "gone")


def egress(settings: Settings) -> Egress:
    """The way out."""
    rules = Rules.read(settings.delivery_networks, plain_http=settings.delivery_plain_http)
    proxy = settings.delivery_proxy
    return Egress(rules, proxy=proxy.get_secret_value() if proxy else None)


def destinations(settings: Settings) -> dict[str, Destination]:
    """Every kind of endpoint that can be spoken to; a new one is a file and a line here."""
    return {"http": HttpDestination(egress(settings))}


async def deliver(settings: Settings) -> None:
    """Deliver until asked to stop."""
    metrics, kinds = Metrics(), destinations(settings)
    _count_from_zero(metrics, kinds)

    async def work(serve: Serve) -> None:
        async with (
            database(settings, size=6, session=BY_INDEX) as db,
            keys_followed(settings, db) as keys,
        ):
            await check_production(settings, db)
            dispatcher = Dispatcher(
                db,
                keys,
                kinds,
                metrics,
                settings.delivery_scale,
                settings.delivery_at_once,
            )
            serve(dispatcher.ready)
            try:
                async with beside(Chores(db, metrics).run()):
                    await dispatcher.run()
            finally:
                for one in kinds.values():
                    await one.aclose()

    await run_until_stopped(settings, "deliver", metrics, work)


def _count_from_zero(metrics: Metrics, kinds: dict[str, Destination]) -> None:
    for kind in kinds:
        for fate in FATES:
            from_zero(metrics.delivery_attempts, kind, fate)
    for state in STATES:
        metrics.deliveries.labels(state).set(0)
    for state in ENDPOINTS:
        metrics.endpoints.labels(state).set(0)
