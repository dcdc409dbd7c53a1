"""Settings from `HUB_*` variables, and the refusals of a production profile."""

from typing import Literal

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hub.adapters.kafka import KafkaSettings

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
    partitions: int = Field(default=6, ge=1, le=1000)
    """Of every keyed topic; fixed at birth."""
    replication: int = Field(default=1, ge=1, le=9)
    session_timeout_ms: int = Field(default=10_000, ge=2_000, le=300_000)
    batch: int = Field(default=500, ge=1, le=5_000)
    """Events decided in one statement, at most."""
    http_port: int = Field(default=0, ge=0, le=65535)
    """Where /metrics, /healthz and /readyz answer, on loopback unless `http_host` says otherwise; 0: nowhere."""
    http_host: str = "127.0.0.1"
    public_host: str = "127.0.0.1"
    public_port: int = Field(default=8080, ge=0, le=65535)
    """Where this process's door answers: the API of `hub serve`, the webhooks of `hub ingress`."""
    public_url: str = ""
    """How the outside reaches it, for links and for sources that sign their URL."""
    answer_seconds: float = Field(default=5.0, ge=0.1, le=60)
    """How long a caller of the API waits for a decision before it is told where to ask again."""
    drop_folder: str = ".hub/drop"
    """`hub files` takes what is put into <folder>/<tenant>/<source>/."""
    drop_still_seconds: float = Field(default=2.0, ge=0.05, le=3600)
    """A dropped file is taken once nobody has changed it for so long."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    allow_asynchronous_postgres: bool = False
    """Accept a primary that may lose acknowledged commits when it fails over."""

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
        return self

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
