"""The composition root: the only place where clients, workers and servers are built."""

from hub.bootstrap.deciding import insight, process, project
from hub.bootstrap.parts import database, installation, keyring, verifier

__all__ = ["database", "insight", "installation", "keyring", "process", "project", "verifier"]
