"""The process that tells the outside, and whatever else speaks to an endpoint."""

from typing import get_args

from hub.access.keyring import Keyring
from hub.adapters.postgres import BY_INDEX, Database
from hub.bootstrap.parts import check_production, database, keys_followed, mailer
from hub.bootstrap.running import Serve, beside, run_until_stopped
from hub.delivery.chores import ENDPOINTS, STATES, Chores
from hub.delivery.destinations import Destination
from hub.delivery.dispatcher import Dispatcher
from hub.delivery.egress import Egress, Rules
from hub.delivery.http import HttpDestination
from hub.delivery.kinds import KINDS
from hub.delivery.mail import MailDestination
from hub.delivery.schedule import Fate
from hub.settings import Settings
from hub.telemetry.metrics import Metrics, from_zero

FATES = get_args(Fate)


def egress(settings: Settings) -> Egress:
    """The way out."""
    rules = Rules.read(settings.delivery_networks, plain_http=settings.delivery_plain_http)
    proxy = settings.delivery_proxy
    return Egress(rules, proxy=proxy.get_secret_value() if proxy else None)


def destinations(settings: Settings, db: Database, keys: Keyring) -> dict[str, Destination]:
    """Every kind of endpoint that can be spoken to; a new one is a file and a line here."""
    return {
        "http": HttpDestination(egress(settings)),
        "mail": MailDestination(db, keys, mailer(settings), settings.senders),
    }


async def deliver(settings: Settings) -> None:
    """Deliver until asked to stop."""
    metrics = Metrics()
    _count_from_zero(metrics)

    async def work(serve: Serve) -> None:
        async with (
            database(settings, size=6, session=BY_INDEX) as db,
            keys_followed(settings, db) as keys,
        ):
            await check_production(settings, db)
            kinds = destinations(settings, db, keys)
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


def _count_from_zero(metrics: Metrics) -> None:
    for kind in KINDS:
        for fate in FATES:
            from_zero(metrics.delivery_attempts, kind, fate)
    for state in STATES:
        metrics.deliveries.labels(state).set(0)
    for state in ENDPOINTS:
        metrics.endpoints.labels(state).set(0)
