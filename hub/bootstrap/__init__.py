"""The composition root: the only place where clients, workers and servers are built."""

from hub.bootstrap.deciding import insight, process, project
from hub.bootstrap.parts import (
    database,
    installation,
    key_mode,
    keyring,
    knowing,
    public_url,
    today,
    verifier,
)

__all__ = [
    "database",
    "insight",
    "installation",
    "key_mode",
    "keyring",
    "knowing",
    "process",
    "project",
    "public_url",
    "today",
    "verifier",
]
