"""What an enrichment keeps to: it only reads, gives the same again, and says so where nothing is to be had."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx

from connectors.sdk.answers import PASSING, refused
from connectors.sdk.conformance.samples import Samples, attempt, records, short
from connectors.sdk.conformance.spoiling import spoiled
from connectors.sdk.connector import (
    Connector,
    Enrich,
    RawRecord,
    SourceUnavailableError,
    UntranslatableError,
)

READS = frozenset({"GET", "HEAD", "OPTIONS"})
PASSES = (*sorted(PASSING), 500, 502, 503, 504)
STAYS = (400, 401, 403, 404, 410, 422)
NO_ANSWERS = (b"", b"<html>", b"null", b"[]", b"{}", b"\xff\xfe", b'{"a":' * 1_000)


def knows_what_it_needs(connector: Connector[Any], samples: Samples) -> Iterator[str]:
    """Which records need more, and of whom it is asked, is said the same way whatever comes."""
    enrich = connector.enrich
    if enrich is None:
        return
    if connector.translate is None:
        yield "enrich belongs to push and pull, and only to them"
    if enrich.attempts < 1 or enrich.at_once < 1:
        yield f"enrich makes {enrich.attempts} attempts, {enrich.at_once} at once: let it be 1 or more"
    settings = connector.configure(samples.settings)
    asked, found = attempt((), enrich.dependency, settings)
    if found or not isinstance(asked, str) or not asked.strip():
        yield f"dependency {found or f'gave {short(asked)}'}: name what is asked, such as its host"
    elif asked != enrich.dependency(settings):
        yield "dependency is another one when it is asked again"
    needing = 0
    for record in records(connector, samples):
        needing += bool(enrich.needed(record))
        for payload in (record.payload, *spoiled(record.payload)):
            needs, found = attempt((), enrich.needed, replace(record, payload=payload))
            if found or not isinstance(needs, bool):
                yield f"needed {found or f'gave {short(needs)}'} for {short(payload)}"
    if not needing:
        yield "no record of the samples needs anything: add one that does"


async def enriches(
    connector: Connector[Any], samples: Samples, client: httpx.AsyncClient
) -> tuple[Sequence[RawRecord], list[str]]:
    """The records of the samples with what the vendor adds, and what is wrong with how it is fetched.

    The client's server speaks as the vendor does, and its data must stand still.
    """
    enrich = connector.enrich
    if enrich is None:
        return [], ["there is no enrich"]
    wrote: list[str] = []

    async def note(request: httpx.Request) -> None:
        if request.method not in READS:
            wrote.append(f"fetch sent {request.method} {request.url.path}: it may only read")

    client.event_hooks["request"].append(note)
    settings = connector.configure(samples.settings)
    whole, found = list[RawRecord](), list[str]()
    for record in records(connector, samples):
        if not enrich.needed(record):
            whole.append(record)
            continue
        body: object = await enrich.fetch(client, record, settings)
        if not isinstance(body, bytes) or not body:
            found.append(
                f"fetch gave {short(body)} for {record.ref!r}: give what was answered, as bytes"
            )
            continue
        if body != await enrich.fetch(client, record, settings):
            found.append(f"fetch gave another body for {record.ref!r} when it was asked again")
        whole.append(replace(record, enriched=body))
    return whole, [*found, *dict.fromkeys(wrote)]


async def tells_what_an_answer_means(connector: Connector[Any], samples: Samples) -> list[str]:
    """What a fetch does with a vendor that fails, refuses or says nonsense, other than to say so."""
    enrich = connector.enrich
    if enrich is None:
        return ["there is no enrich"]
    needing = [one for one in records(connector, samples) if enrich.needed(one)][:1]
    found: list[str] = []
    for record in needing:
        asked = _Asked(enrich, connector.configure(samples.settings), record)
        for status in PASSES:
            found += await asked.ends_with("away", httpx.Response(status), f"a {status}")
        for status in STAYS:
            found += await asked.ends_with("refused", httpx.Response(status), f"a {status}")
        found += await asked.ends_with("away", httpx.ConnectError("nobody"), "nobody there")
        found += await asked.ends_with("away", httpx.ReadTimeout("silence"), "no answer in time")
        for body in NO_ANSWERS:
            found += await asked.ends_with(
                "", httpx.Response(200, content=body), f"a 200 {short(body)}"
            )
    return found or ([] if needing else ["no record of the samples needs anything"])


class _Asked:
    """A record that is completed by a vendor that behaves in one way."""

    def __init__(self, enrich: Enrich[Any], settings: Any, record: RawRecord) -> None:
        """Keep what is asked with."""
        self.enrich, self.settings, self.record = enrich, settings, record

    async def ends_with(
        self, wanted: str, said: httpx.Response | Exception, what: str
    ) -> list[str]:
        """A finding, where this is not what the answer leads to; whatever is declared, where it is empty."""

        def answer(_request: httpx.Request) -> httpx.Response:
            if isinstance(said, Exception):
                raise said
            return httpx.Response(said.status_code, content=said.content)

        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            became = await self._became(client)
        if became in (wanted, *(("away", "refused", "an answer") if not wanted else ())):
            return []
        return [f"fetch made of {what}: {became}, not {wanted or 'what it may say'}"]

    async def _became(self, client: httpx.AsyncClient) -> str:
        try:
            await self.enrich.fetch(client, self.record, self.settings)
        except SourceUnavailableError:
            return "away"
        except UntranslatableError:
            return "refused"
        except httpx.HTTPStatusError as error:
            return (
                "away" if isinstance(refused(error.response), SourceUnavailableError) else "refused"
            )
        except httpx.RequestError:
            return "away"
        except Exception as error:  # noqa: BLE001 - whatever else it raises is what is looked for
            return type(error).__name__
        return "an answer"
