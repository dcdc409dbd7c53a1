"""What a pull keeps to: everything once, in order, and on from wherever it stopped."""

from collections.abc import Sequence
from typing import Any

import httpx

from connectors.sdk.answers import refused
from connectors.sdk.conformance.samples import Samples
from connectors.sdk.connector import Connector, Pull, RawRecord, SourceUnavailableError

MOST = 50
"""Checkpoints that are tried."""


async def pulls(
    connector: Connector[Any], samples: Samples, client: httpx.AsyncClient
) -> tuple[Sequence[RawRecord], list[str]]:
    """What the vendor has, and what is wrong with how it is fetched. Its data must stand still."""
    pull = connector.pull
    if pull is None:
        return [], ["there is no pull"]
    settings = connector.configure(samples.settings)
    records = await _fetch(pull, client, settings, None)
    found = []
    refs = [record.ref for record in records]
    if not records:
        found.append("fetch found nothing: let the server have something")
    if len(set(refs)) < len(refs):
        found.append(f"fetch gave two records the ref {max(refs, key=refs.count)!r}")
    if await _fetch(pull, client, settings, None) != records:
        found.append("fetch told the same data differently when it was asked again")
    if records and records[-1].checkpoint is None:
        found.append("the last record has no checkpoint: all would be fetched again")
    for number, record in list(enumerate(records, start=1))[:MOST]:
        if record.checkpoint is not None:
            rest = await _fetch(pull, client, settings, record.checkpoint)
            if rest != records[number:]:
                found.append(f"fetch does not go on behind {record.ref!r} where it stopped there")
    return records, found


async def waits_for_a_source_that_is_away(
    connector: Connector[Any], samples: Samples, client: httpx.AsyncClient
) -> list[str]:
    """What a pull does with a server that fails, or with none, other than to say so."""
    pull = connector.pull
    if pull is None:
        return ["there is no pull"]
    try:
        await _fetch(pull, client, connector.configure(samples.settings), None)
    except (SourceUnavailableError, httpx.RequestError):
        return []
    except httpx.HTTPStatusError as error:
        if isinstance(refused(error.response), SourceUnavailableError):
            return []
        return [f"fetch was answered {error.response.status_code}: let the server fail otherwise"]
    except Exception as error:  # noqa: BLE001 - whatever else it raises is what is looked for
        return [f"fetch raised {type(error).__name__}, not SourceUnavailableError"]
    return ["fetch took the silence for an answer"]


async def _fetch(
    pull: Pull[Any], client: httpx.AsyncClient, settings: Any, checkpoint: str | None
) -> list[RawRecord]:
    return [record async for record in pull.fetch(client, settings, checkpoint)]
