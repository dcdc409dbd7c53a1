"""What every process of a demo is told."""

import os

from pydantic import SecretStr

from hub.dev.demo.place import Place
from hub.dev.demo.receivers import NETWORK, SCALE
from hub.settings import Settings

SESSION_MS = 5_000
"""After a kill -9 the next run waits so long for the dead to leave their group."""
MAIL_FROM = "warranty-hub@localhost"
"""What a shell says of mails does not count either."""
STILL_SECONDS = 1.0
"""A dropped file of a demo is small, and somebody waits for it."""


def environment(settings: Settings) -> dict[str, str]:
    """What every process is told; a shell's `HUB_*` do not reach them."""
    return {
        "HUB_PROFILE": settings.profile,
        "HUB_KAFKA": settings.kafka,
        "HUB_KAFKA_SECURITY": settings.kafka_security,
        "HUB_POSTGRES": settings.postgres.get_secret_value(),
        "HUB_POSTGRES_API": settings.postgres.get_secret_value(),
        "HUB_PARTITIONS": str(settings.partitions),
        "HUB_REPLICATION": str(settings.replication),
        "HUB_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
        "HUB_LOG_LEVEL": settings.log_level,
        "HUB_HTTP_HOST": settings.http_host,
        "HUB_PUBLIC_HOST": settings.public_host,
        "HUB_PUBLIC_URL": settings.public_url,
        "HUB_ANSWER_SECONDS": str(settings.answer_seconds),
        "HUB_SMTP_URL": "",
        "HUB_MAIL_FROM": settings.mail_from,
        "HUB_MAIL_FOLDER": settings.mail_folder,
        "HUB_MAIL_SENDERS": settings.mail_senders,
        "HUB_DROP_FOLDER": settings.drop_folder,
        "HUB_DROP_STILL_SECONDS": str(settings.drop_still_seconds),
        "HUB_DELIVERY_NETWORKS": settings.delivery_networks,
        "HUB_DELIVERY_SCALE": str(settings.delivery_scale),
        "HUB_MASTER_KEY": settings.master_key.get_secret_value(),
    }


def settings_of(place: Place) -> Settings:
    """Nothing that the shell says about another hub counts here, but for how to run this one."""
    noted = place.read()
    return Settings(
        profile="development",
        kafka=noted["kafka"],
        kafka_security="PLAINTEXT",
        postgres=SecretStr(noted["postgres"]),
        replication=1,
        http_host="127.0.0.1",
        public_host="127.0.0.1",
        public_url="",
        mail_from=MAIL_FROM,
        mail_folder=str(place.mail),
        mail_senders="",
        drop_folder=str(place.drop),
        drop_still_seconds=STILL_SECONDS,
        session_timeout_ms=SESSION_MS,
        delivery_networks=NETWORK,
        delivery_scale=SCALE,
        log_level=Settings().log_level if "HUB_LOG_LEVEL" in os.environ else "warning",
    )
