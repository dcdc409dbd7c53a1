"""Settings from `HUB_*` variables, and the refusals of a production profile."""

from ipaddress import ip_network
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.adapters.kafka import KafkaSettings
from hub.domain.fate import SCHEDULE

MOST_ATTEMPTS, SHORTEST, LONGEST = 50, 0.1, 7 * 86400.0
PUBLIC_KEY_BYTES = 32
DEVELOPMENT_KEY = "development-only-master-key-0000"


class Settings(BaseSettings):
    """Everything a process of the hub can be told. `deploy/hub.env.example` explains each."""

    model_config = SettingsConfigDict(
        env_prefix="HUB_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    profile: Literal["development", "production"] = "development"
    kafka: str = "127.0.0.1:9092"
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: str | None = None
    postgres: SecretStr = SecretStr("postgresql://hub@127.0.0.1:5432/hub")
    """For the engine: a member of the role hub_engine, and the owner of the tables to migrate them."""
    postgres_api: SecretStr | None = None
    """For the doors: a member of the role hub_api; `postgres` where absent."""
    master_key: SecretStr = SecretStr(DEVELOPMENT_KEY)
    master_key_old: SecretStr | None = None
    """The one before, while `hub privacy rewrap` changes it."""
    partitions: int = Field(default=6, ge=1, le=1000)
    """Of every keyed topic; fixed at birth."""
    replication: int = Field(default=1, ge=1, le=9)
    session_timeout_ms: int = Field(default=10_000, ge=2_000, le=300_000)
    batch: int = Field(default=500, ge=1, le=5_000)
    """Events decided in one statement, at most."""
    retry_schedule: str = ",".join(map(str, SCHEDULE))
    """Seconds before each next attempt at what is away; after the last one a person has to act."""
    release: str = ""
    """What to call the code of this deployment beside what it could not do; its version where empty."""
    http_port: int = Field(default=0, ge=0, le=65535)
    """Where /metrics, /healthz and /readyz answer, on loopback unless `http_host` says otherwise; 0: nowhere."""
    http_host: str = "127.0.0.1"
    public_host: str = "127.0.0.1"
    public_port: int = Field(default=8080, ge=0, le=65535)
    """Where this process's door answers: the API of `hub serve`, the webhooks of `hub ingress`."""
    public_url: str = ""
    """How the outside reaches it, for links and for sources that sign their URL."""
    proxies: int = Field(default=0, ge=0, le=5)
    """Of ours in front of the door: whom the last of them heard from is who is limited."""
    smtp_url: SecretStr | None = None
    """Where mails to people go, as smtp://user:password@host:port; without it into `mail_folder`."""
    mail_from: str = "warranty-hub@localhost"
    mail_folder: str = ".hub/mail"
    mail_senders: str = ""
    """From which domains mails to a tenant's customers may come, such as voltage=voltage.example.com,acme=acme.com;
    of others they come from `mail_from`, and answers go to the tenant."""
    answer_seconds: float = Field(default=5.0, ge=0.1, le=60)
    """How long a caller of the API waits for a decision before it is told where to ask again."""
    drop_folder: str = ".hub/drop"
    """`hub files` takes what is put into <folder>/<tenant>/<source>/."""
    drop_still_seconds: float = Field(default=2.0, ge=0.05, le=3600)
    """A dropped file is taken once nobody has changed it for so long."""
    audit_keys: str = ""
    """Public keys, with commas between them, that signed heads of the audit before today's master key."""
    retention: str = ""
    """For how many days things are kept where a tenant says nothing, such as contacts=730,files=60."""
    delivery_networks: str = ""
    """Networks that are not public to which messages may be sent, and shops asked, all the same, with commas
    between them."""
    delivery_plain_http: bool = False
    """Whether messages may go unencrypted to public addresses."""
    delivery_proxy: SecretStr | None = None
    """Through which messages leave; it alone resolves names then, and decides what addresses they may reach."""
    delivery_at_once: int = Field(default=256, ge=1, le=4_096)
    """Attempts on their way in one process."""
    delivery_scale: float = Field(default=1.0, ge=0.000001, le=1.0)
    """Of every pause between attempts; less than 1 for trials alone."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    allow_asynchronous_postgres: bool = False
    """Accept a primary that may lose acknowledged commits when it fails over."""

    @field_validator("retry_schedule")
    @classmethod
    def check_schedule(cls, value: str) -> str:
        """Some numbers, with commas between them."""
        try:
            seconds = _schedule(value)
        except ValueError:
            seconds = ()
        if not seconds or len(seconds) > MOST_ATTEMPTS or not all(map(_is_pause, seconds)):
            message = f"take 1 to {MOST_ATTEMPTS} pauses of 0.1 s to a week, such as 1,5,15,60"
            raise ValueError(message)
        return value

    @field_validator("audit_keys")
    @classmethod
    def check_audit_keys(cls, value: str) -> str:
        """Keys of 32 bytes in hex, as `hub audit key` prints them."""
        try:
            keys = _public_keys(value)
        except ValueError:
            keys = (b"",)
        if not all(len(key) == PUBLIC_KEY_BYTES for key in keys):
            message = "take public keys as `hub audit key` prints them: 64 hexadecimal digits each"
            raise ValueError(message)
        return value

    @field_validator("mail_senders")
    @classmethod
    def check_senders(cls, value: str) -> str:
        """Some tenants with a domain each, or none."""
        _senders(value)
        return value

    @field_validator("delivery_networks")
    @classmethod
    def check_networks(cls, value: str) -> str:
        """Some networks, or none."""
        for one in value.split(","):
            if one.strip():
                ip_network(one.strip())
        return value

    @model_validator(mode="after")
    def refuse_defaults_in_production(self) -> "Settings":
        """A production profile does not start with what is only good for a laptop."""
        if self.profile == "production":
            if self.master_key.get_secret_value() == DEVELOPMENT_KEY:
                message = "HUB_MASTER_KEY is the development default; set at least 32 random bytes"
                raise ValueError(message)
            if self.replication < 3:  # noqa: PLR2004 - one copy may be down while another fails
                message = f"HUB_REPLICATION is {self.replication}; production needs at least 3"
                raise ValueError(message)
            if self.delivery_scale < 1:
                message = f"HUB_DELIVERY_SCALE is {self.delivery_scale:g}; production waits as long as it says"
                raise ValueError(message)
        return self

    @property
    def schedule(self) -> tuple[float, ...]:
        """The pauses of `retry_schedule`, in seconds."""
        return _schedule(self.retry_schedule)

    @property
    def senders(self) -> dict[str, frozenset[str]]:
        """The domains of `mail_senders` by tenant."""
        return _senders(self.mail_senders)

    @property
    def earlier_audit_keys(self) -> tuple[bytes, ...]:
        """The keys of `audit_keys`."""
        return _public_keys(self.audit_keys)

    def kafka_settings(self) -> KafkaSettings:
        """How the adapters reach the cluster."""
        return KafkaSettings(
            bootstrap=self.kafka,
            security_protocol=self.kafka_security,
            sasl_username=self.kafka_username,
            sasl_password=self.kafka_password.get_secret_value() if self.kafka_password else None,
            ca_file=self.kafka_ca_file,
            session_timeout_ms=self.session_timeout_ms,
            heartbeat_interval_ms=max(500, self.session_timeout_ms // 4),
        )


def _schedule(text: str) -> tuple[float, ...]:
    return tuple(float(one) for one in text.split(","))


def _public_keys(text: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(one) for one in text.split(",") if one.strip())


def _is_pause(seconds: float) -> bool:
    return SHORTEST <= seconds <= LONGEST


def _senders(value: str) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in filter(None, (one.strip() for one in value.split(","))):
        tenant, _, domain = one.partition("=")
        if not tenant or not domain or "@" in domain:
            raise ValueError("take tenants with a domain each, such as voltage=voltage.example.com")
        found[tenant] = found.get(tenant, frozenset()) | {domain.casefold()}
    return found
