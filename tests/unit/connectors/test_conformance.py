"""Each rule of the conformance suite finds the connector that breaks it."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.pos import CONNECTOR
from connectors.sdk import (
    Canonical,
    Connector,
    Delivery,
    Enrich,
    FileRecord,
    MeaninglessError,
    Origin,
    Pull,
    RawRecord,
    SourceUnavailableError,
    Translated,
    refused,
    untranslatable,
)
from connectors.sdk.conformance import (
    RULES,
    Samples,
    enriches,
    pulls,
    shows_nothing_personal,
    tells_what_an_answer_means,
    waits_for_a_source_that_is_away,
)
from connectors.sdk.conformance.rules import (
    translates_the_same_for_ever,
    verifies_what_was_signed_and_nothing_else,
)
from connectors.sdk.conformance.samples import split
from connectors.sdk.conformance.spoiling import spoiled
from hub.audit.redaction import redacted
from schemas.events.warranty import WarrantyEnded
from tests.unit.connectors.test_pos import SAMPLES as ALL_SAMPLES
from tests.unit.connectors.tickets import told

assert CONNECTOR.push
assert CONNECTOR.file
assert CONNECTOR.translate
PUSH, FILE, TRANSLATE = CONNECTOR.push, CONNECTOR.file, CONNECTOR.translate
SAMPLES = replace(ALL_SAMPLES, bodies=ALL_SAMPLES.bodies[1:2], files=ALL_SAMPLES.files[:1])
CALLS = count()
MEANT = told(json.loads(ALL_SAMPLES.bodies[0]))


def findings(connector: Connector[Any], samples: Samples = SAMPLES) -> Iterator[str]:
    for rule in (*RULES, shows_nothing_personal(redacted)):
        yield from rule(connector, samples)


def is_found(said: str, connector: Connector[Any], samples: Samples = SAMPLES) -> bool:
    """Whether a rule says so; a rule stops at its first finding."""
    return any(said in finding for finding in findings(connector, samples))


def pushing(**changes: Any) -> Connector[Any]:
    return replace(CONNECTOR, push=replace(PUSH, **changes))


def meaning(change: Callable[[Canonical, Origin], Any]) -> Connector[Any]:
    """A connector whose every event was changed."""

    def translate(record: RawRecord, settings: Any, origin: Origin) -> list[Any]:
        return [change(one, origin) for one in TRANSLATE(record, settings, origin)]

    return replace(CONNECTOR, translate=translate)


def filing(change: Callable[[Translated, Origin], Any]) -> Connector[Any]:
    def translate(record: FileRecord, settings: Any, origin: Origin) -> list[Any]:
        return [change(one, origin) for one in FILE.translate(record, settings, origin)]

    return replace(CONNECTOR, file=replace(FILE, translate=translate))


def showing(path: str) -> Connector[Any]:
    return replace(CONNECTOR, shown=CONNECTOR.shown | {path})


def unread(_path: Path, _settings: Any) -> Iterator[FileRecord]:
    raise EOFError


def measured(path: Path, settings: Any) -> Iterator[FileRecord]:
    if not path.stat().st_size:
        raise EOFError
    return FILE.records(path, settings)


def names_anew(delivery: Delivery, settings: Any) -> list[Any]:
    items = PUSH.split(delivery, settings)
    return [replace(one, ref=str(next(CALLS))) for one in items if isinstance(one, RawRecord)]


def written_anew(delivery: Delivery, settings: Any) -> list[Any]:
    records = [one for one in PUSH.split(delivery, settings) if isinstance(one, RawRecord)]
    return [replace(r, payload=json.dumps(json.loads(r.payload)).encode() + b"\n") for r in records]


def trusting(delivery: Delivery, settings: Any) -> list[Any]:
    json.loads(delivery.body)
    return list(PUSH.split(delivery, settings))


def named_alike(delivery: Delivery, settings: Any) -> list[Any]:
    records = [one for one in PUSH.split(delivery, settings) if isinstance(one, RawRecord)]
    return [replace(record, ref="1") for record in records]


def careless(record: RawRecord, settings: Any, origin: Origin) -> list[Canonical]:
    json.loads(record.payload)["branch"]
    return list(TRANSLATE(record, settings, origin))


def silent(_record: RawRecord, _settings: Any, _origin: Origin) -> list[Canonical]:
    raise MeaninglessError("nothing means anything")


def undated(_delivery: Delivery, secrets: Any) -> None:
    PUSH.verify(replace(_delivery, received_at=_signed_at(_delivery)), secrets)


def _signed_at(delivery: Delivery) -> datetime:
    stamp = delivery.headers.get("webhook-timestamp", "0")
    return datetime.fromtimestamp(
        int(stamp) if stamp.isdecimal() else 0, delivery.received_at.tzinfo
    )


ENDED = WarrantyEnded(
    warranty="wty_1", ended_on=date(2026, 1, 31), reason="returned", connector="pos"
)

BROKEN: list[tuple[Connector[Any], str]] = [
    (replace(CONNECTOR, name="POS"), "lower-case"),
    (replace(CONNECTOR, revision=0), "not counted from 1"),
    (replace(CONNECTOR, push=None, file=None), "nothing can come in"),
    (replace(CONNECTOR, translate=None), "translate belongs"),
    (replace(CONNECTOR, configure=lambda document: document["x"]), "for the sample settings"),
    (replace(CONNECTOR, configure=lambda document: document["zone"]), "raised KeyError"),
    (replace(CONNECTOR, configure=lambda document: document["zone"].upper()), "where zone is None"),
    (
        replace(CONNECTOR, configure=lambda _: CONNECTOR.configure({"zone": "UTC"})),
        "configure took",
    ),
    (pushing(verify=lambda _delivery, _secrets: None), "believed a delivery with a blank more"),
    (pushing(verify=lambda _delivery, secrets: secrets[0]), "refused a genuine delivery"),
    (pushing(verify=lambda _delivery, secrets: secrets[1]), "raised IndexError"),
    (pushing(verify=undated), "believed a delivery with an old signature"),
    (pushing(new_secret=lambda: "whsec_AAAA"), "the same secret twice"),
    (pushing(split=names_anew), "tells the same delivery differently"),
    (pushing(split=written_anew), "no part of the body as it came"),
    (pushing(split=named_alike), "two items of one delivery have the ref '1'"),
    (pushing(split=trusting), "split raised JSONDecodeError"),
    (pushing(split=lambda _delivery, _settings: []), "split finds no record"),
    (pushing(split=lambda delivery, _: [json.loads(delivery.body)["x"]]), "split raised"),
    (replace(CONNECTOR, translate=careless), "translate raised KeyError"),
    (replace(CONNECTOR, translate=careless), "for b'{}'"),
    (replace(CONNECTOR, translate=silent), "none of the samples means anything"),
    (meaning(lambda one, _: replace(one, home=str(next(CALLS)))), "differently when it is asked"),
    (meaning(lambda one, _: replace(one, home="nowhere")), "no home of schemas.refs"),
    (meaning(lambda one, _: replace(one, time=one.time.replace(tzinfo=None))), "without a zone"),
    (meaning(lambda one, _: replace(one, fact=ENDED)), "WarrantyEnded, which nobody may tell"),
    (meaning(lambda one, _: replace(one, home=MEANT.home)), "two tenants share a home"),
    (showing("customer.email"), "'zeynep@example.org' can be read"),
    (showing("rows.*.cells.seller"), "'Mert Demir' can be read in b'order;"),
    (showing("customer.phone.number"), "customer.phone.number can be read"),
    (showing("buyer.*.address.line"), "buyer.*.address.line can be read"),
    (showing("lines.*.recipient"), "lines.*.recipient can be read"),
    (showing("rows.*.cells.customer.number"), "rows.*.cells.customer.number can be read"),
    (filing(lambda one, _: replace(one, id=str(next(CALLS)))), "file tells the same content"),
    (filing(lambda one, _: replace(one, id="1", home=one.home)), "events have the same id"),
    (filing(lambda one, _: one.lines[99]), "file raised IndexError"),
    (replace(CONNECTOR, file=replace(FILE, records=unread)), "file raised EOFError"),
    (
        replace(CONNECTOR, file=replace(FILE, records=measured)),
        "file raised EOFError (EOFError()) in b''",
    ),
]


@pytest.mark.parametrize(("connector", "said"), BROKEN)
def test_finds_what_a_connector_does_wrong(connector: Connector[Any], said: str) -> None:
    assert is_found(said, connector)


def test_finds_nothing_personal_in_what_is_hidden_or_no_json() -> None:
    rule = shows_nothing_personal(redacted)
    plain = replace(SAMPLES, records=[RawRecord("1", b"email=zeynep@example.org")])

    assert list(rule(CONNECTOR, plain)) == []


def by_bare_names(document: object, shown: frozenset[str], name: str = "") -> bytes:
    """A redaction that asks for the name of a leaf, and not for where it stands."""
    if isinstance(document, dict):
        return b" ".join(by_bare_names(inner, shown, key) for key, inner in document.items())
    if isinstance(document, list):
        return b" ".join(by_bare_names(inner, shown, name) for inner in document)
    return json.dumps(document).encode() if name in {one.split(".")[-1] for one in shown} else b""


def test_finds_what_is_shown_by_its_bare_name() -> None:
    found = list(shows_nothing_personal(by_bare_names)(CONNECTOR, SAMPLES))

    assert any("customer.number can be read" in one for one in found)
    assert any("customer.address.code can be read" in one for one in found)


def test_finds_what_means_more_for_one_tenant_than_for_another() -> None:
    def translate(record: RawRecord, settings: Any, origin: Origin) -> list[Any]:
        found = list(TRANSLATE(record, settings, origin))
        return found * 2 if origin.tenant == "other" else found

    assert is_found("for another tenant", replace(CONNECTOR, translate=translate))


def test_finds_a_fact_that_changes_on_its_way() -> None:
    def twist(one: Canonical, _origin: Origin) -> Canonical:
        return replace(one, fact=one.fact.model_copy(update={"branch": " B1 "}))

    assert is_found("another once it was sent", meaning(twist))


def test_asks_for_the_samples_it_needs() -> None:
    bare = Samples(settings={"zone": "UTC"})

    assert "samples of a push need bodies and sign" in findings(CONNECTOR, bare)
    assert "none of the samples means anything: add one that does" in findings(CONNECTOR, bare)
    assert list(findings(replace(CONNECTOR, push=None, translate=None), bare)) == []


def test_says_that_samples_are_of_ways_in_that_there_are_not() -> None:
    closed = replace(CONNECTOR, push=None, translate=None, file=None)
    found = list(findings(closed))

    assert sum("split finds no record" in one for one in found) == len(SAMPLES.bodies)
    assert sum("file finds no event" in one for one in found) == len(SAMPLES.files)
    assert (
        list(
            translates_the_same_for_ever(closed, replace(SAMPLES, records=[RawRecord("1", b"{}")]))
        )
        == []
    )


def test_asks_no_date_of_a_vendor_that_signs_none() -> None:
    rule, vendor = verifies_what_was_signed_and_nothing_else, pushing(verify=undated)

    assert list(rule(vendor, SAMPLES))
    assert list(rule(vendor, replace(SAMPLES, dated=False))) == []


def test_spoils_payloads_in_the_same_ways_every_time() -> None:
    first, second = (list(spoiled(SAMPLES.bodies[0])) for _ in range(2))

    assert first == second
    assert len(set(first)) > 500
    assert len(list(spoiled(b"a;b"))) < 100


def pulling(fetch: Callable[..., AsyncIterator[RawRecord]]) -> Connector[Any]:
    return replace(CONNECTOR, pull=Pull(fetch))


def pages(*refs: str, after: Callable[[int], str | None] = str) -> Connector[Any]:
    """A pull of those refs, whose checkpoints are how many were fetched."""

    async def fetch(
        _http: httpx.AsyncClient, _settings: Any, since: str | None
    ) -> AsyncIterator[RawRecord]:
        for number, ref in enumerate(refs, start=1):
            if number > int(since or 0):
                yield RawRecord(ref, b"{}", checkpoint=after(number))

    return pulling(fetch)


@dataclass
class Failing(AsyncIterator[RawRecord]):
    """A fetch that fails when its first record is asked for."""

    error: Exception

    def __call__(self, *_: Any) -> AsyncIterator[RawRecord]:
        return self

    async def __anext__(self) -> RawRecord:
        raise self.error


async def found_in(connector: Connector[Any]) -> str:
    async with httpx.AsyncClient() as client:
        _, found = await pulls(connector, SAMPLES, client)
    return "\n".join(found)


async def test_finds_nothing_in_a_pull_that_goes_on_where_it_stopped() -> None:
    assert await found_in(pages("a", "b", "c")) == ""
    assert await found_in(pages("a", "b", after=lambda n: str(n) if n == 2 else None)) == ""


async def test_finds_a_pull_that_skips_repeats_or_ends_without_a_checkpoint() -> None:
    assert "does not go on behind 'a'" in await found_in(
        pages("a", "b", after=lambda n: str(n + 1))
    )
    assert "does not go on behind 'b'" in await found_in(
        pages("a", "b", after=lambda n: str(n - 1))
    )
    assert "last record has no checkpoint" in await found_in(pages("a", after=lambda _: None))
    assert "two records the ref 'a'" in await found_in(pages("a", "a"))
    assert "found nothing" in await found_in(pages())
    assert "there is no pull" in await found_in(CONNECTOR)


async def test_finds_a_pull_that_tells_the_same_data_differently() -> None:
    async def fetch(*_: Any) -> AsyncIterator[RawRecord]:
        yield RawRecord(str(next(CALLS)), b"{}", checkpoint="1")

    assert "differently" in await found_in(pulling(fetch))


async def test_finds_a_pull_that_takes_silence_for_an_answer() -> None:
    away = SourceUnavailableError("away")
    for connector, found in (
        (pulling(Failing(away)), []),
        (
            pulling(Failing(KeyError("orders"))),
            ["fetch raised KeyError, not SourceUnavailableError"],
        ),
        (pages(), ["fetch took the silence for an answer"]),
        (CONNECTOR, ["there is no pull"]),
    ):
        async with httpx.AsyncClient() as client:
            assert await waits_for_a_source_that_is_away(connector, SAMPLES, client) == found


async def test_finds_a_pull_whose_server_only_refuses_and_knows_one_that_only_raises_for_the_status() -> (
    None
):
    def asking(status: int) -> Failing:
        answer = httpx.Response(status, request=httpx.Request("GET", "https://vendor.invalid"))
        return Failing(httpx.HTTPStatusError("", request=answer.request, response=answer))

    for failing, found in (
        (asking(503), []),
        (Failing(httpx.ConnectError("nobody")), []),
        (asking(404), ["fetch was answered 404: let the server fail otherwise"]),
    ):
        async with httpx.AsyncClient() as client:
            assert await waits_for_a_source_that_is_away(pulling(failing), SAMPLES, client) == found


# What has to be fetched

VENDOR = "https://vendor.invalid"
Fetch = Callable[[httpx.AsyncClient, RawRecord, Any], Any]


async def asks(client: httpx.AsyncClient, record: RawRecord, _settings: Any) -> bytes:
    """Reads what belongs to a record, and says so where it is not to be had."""
    answer = await client.get(f"{VENDOR}/{record.ref}")
    if answer.is_error:
        raise refused(answer)
    return answer.content


def completing(fetch: Fetch = asks, **changes: Any) -> Connector[Any]:
    """A connector whose records mean what was fetched for them."""

    def translate(record: RawRecord, settings: Any, origin: Origin) -> list[Canonical]:
        if not record.enriched:
            raise untranslatable("nothing_fetched", "ask for it again")
        return list(TRANSLATE(replace(record, payload=record.enriched), settings, origin))

    given = {"fetch": fetch, "dependency": lambda _: "vendor.invalid", **changes}
    return replace(CONNECTOR, enrich=Enrich(**given), translate=translate)


def complete() -> Samples:
    """The samples, each with what the vendor would give: the record itself."""
    records = [record for body in SAMPLES.bodies for record in split(CONNECTOR, SAMPLES, body)[0]]
    return replace(SAMPLES, fetched={record.ref: record.payload for record in records})


COMPLETE = complete()


def vendor(
    answer: Callable[[httpx.Request], httpx.Response] | None = None,
) -> httpx.AsyncClient:
    """A vendor that gives what belongs to each record."""

    def give(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=COMPLETE.fetched[request.url.path.removeprefix("/")])

    return httpx.AsyncClient(transport=httpx.MockTransport(answer or give))


def says_nothing(_client: Any, _record: RawRecord, _settings: Any) -> Any:
    raise KeyError("order")


def deaf(record: RawRecord, settings: Any, origin: Origin) -> list[Canonical]:
    json.loads(record.enriched)
    return list(TRANSLATE(record, settings, origin))


def test_finds_nothing_in_a_connector_that_is_completed() -> None:
    assert list(findings(completing(), COMPLETE)) == []


@pytest.mark.parametrize(
    ("connector", "said"),
    [
        (completing(dependency=lambda _: ""), "dependency gave ''"),
        (completing(dependency=lambda settings: settings["host"]), "dependency raised TypeError"),
        (completing(dependency=lambda _: str(next(CALLS))), "dependency is another one"),
        (completing(needed=lambda record: json.loads(record.payload) != 0), "needed raised"),
        (completing(needed=lambda record: record.key), "needed gave"),
        (completing(needed=lambda _: False), "no record of the samples needs anything"),
        (completing(attempts=0), "enrich makes 0 attempts"),
        (replace(completing(), translate=None), "enrich belongs to push and pull"),
        (replace(completing(), translate=deaf), "was fetched"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_finds_what_a_connector_does_wrong_that_is_completed(
    connector: Connector[Any], said: str
) -> None:
    assert is_found(said, connector, COMPLETE)


async def test_finds_nothing_in_a_fetch_that_reads_what_there_is() -> None:
    async with vendor() as client:
        whole, found = await enriches(completing(), SAMPLES, client)

    assert found == []
    assert [one.enriched for one in whole] == list(COMPLETE.fetched.values())
    fetched = replace(SAMPLES, bodies=(), records=whole)
    assert list(translates_the_same_for_ever(completing(), fetched)) == []


async def test_leaves_alone_what_needs_nothing() -> None:
    connector = completing(says_nothing, needed=lambda _: False)
    async with vendor() as client:
        whole, found = await enriches(connector, SAMPLES, client)

    assert found == []
    assert {one.enriched for one in whole} == {b""}


async def test_finds_a_fetch_that_writes_that_gives_no_bytes_or_another_answer_each_time() -> None:
    async def posts(client: httpx.AsyncClient, record: RawRecord, _settings: Any) -> bytes:
        return (await client.post(f"{VENDOR}/{record.ref}")).content

    async def decoded(client: httpx.AsyncClient, record: RawRecord, settings: Any) -> Any:
        return json.loads(await asks(client, record, settings))

    async def counting(client: httpx.AsyncClient, record: RawRecord, settings: Any) -> bytes:
        return await asks(client, record, settings) + str(next(CALLS)).encode()

    for fetch, said in (
        (posts, "fetch sent POST"),
        (decoded, "as bytes"),
        (counting, "another body"),
    ):
        async with vendor() as client:
            _, found = await enriches(completing(fetch), SAMPLES, client)
        assert any(said in one for one in found), said
    async with vendor() as client:
        assert await enriches(CONNECTOR, SAMPLES, client) == ([], ["there is no enrich"])


async def test_finds_nothing_in_a_fetch_that_says_what_an_answer_means() -> None:
    async def raises(client: httpx.AsyncClient, record: RawRecord, _settings: Any) -> bytes:
        return (await client.get(f"{VENDOR}/{record.ref}")).raise_for_status().content

    for fetch in (asks, raises):
        assert await tells_what_an_answer_means(completing(fetch), SAMPLES) == []
    assert await tells_what_an_answer_means(CONNECTOR, SAMPLES) == ["there is no enrich"]
    nothing = completing(needed=lambda _: False)
    assert await tells_what_an_answer_means(nothing, SAMPLES) == [
        "no record of the samples needs anything"
    ]


async def test_finds_a_fetch_that_misreads_what_it_is_answered() -> None:
    async def trusts(client: httpx.AsyncClient, record: RawRecord, _settings: Any) -> bytes:
        return (await client.get(f"{VENDOR}/{record.ref}")).content

    async def patient(client: httpx.AsyncClient, record: RawRecord, settings: Any) -> bytes:
        try:
            return await asks(client, record, settings)
        except Exception as error:
            raise SourceUnavailableError from error

    async def hopeless(client: httpx.AsyncClient, record: RawRecord, settings: Any) -> bytes:
        try:
            return await asks(client, record, settings)
        except Exception as error:
            raise untranslatable("gone", "it is gone") from error

    async def careless_of_it(client: httpx.AsyncClient, record: RawRecord, settings: Any) -> bytes:
        body = await asks(client, record, settings)
        json.loads(body)
        return body

    for fetch, said in (
        (trusts, "fetch made of a 503: an answer, not away"),
        (trusts, "fetch made of a 404: an answer, not refused"),
        (patient, "fetch made of a 404: away, not refused"),
        (hopeless, "fetch made of nobody there: refused, not away"),
        (hopeless, "fetch made of a 429: refused, not away"),
        (careless_of_it, "JSONDecodeError, not what it may say"),
    ):
        found = await tells_what_an_answer_means(completing(fetch), SAMPLES)
        assert any(said in one for one in found), (said, found)
