"""Whatever the shops say is understood at the door where they say it, and tells of one sale."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from connectors.pos import CONNECTOR
from connectors.sdk import (
    Canonical,
    Delivery,
    Fault,
    Origin,
    RawRecord,
    Translated,
    UntranslatableError,
)
from hub.api.bodies import Activation
from hub.api.claim_bodies import ToldClaim
from hub.api.invoice.body import read_invoice
from hub.dev.simulator import exports, tickets
from hub.dev.simulator.goods import HOMESTEAD, MERCHANTS, PARTNERS, VOLTAGE, Merchant
from hub.dev.simulator.order import Order
from hub.dev.simulator.photo import photo
from hub.dev.simulator.policies import ISSUES, POLICIES, STRICT_ISSUE
from hub.dev.simulator.said import (
    INVOICES,
    Report,
    Row,
    Said,
    Telling,
    Ticket,
    Trouble,
    published,
)
from hub.dev.simulator.stories import Teller, first_home
from hub.domain.serials import normalise
from schemas.events.product import StockMoved
from schemas.events.sale import SaleRecorded, SaleReturned
from schemas.policies import MODELS
from schemas.policies.evidence import EvidencePolicy
from schemas.topics import CATALOG_INTAKE

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
RUN = "260101-120000"


def an_order(merchant: Merchant, seed: int = 1) -> Order:
    return Order(merchant, f"{RUN}-{seed:05d}", random.Random(seed))  # noqa: S311


def landed(ticket: Ticket) -> RawRecord | Fault:
    push, merchant = CONNECTOR.push, merchant_of(ticket.tenant)
    assert push is not None
    body = json.dumps(ticket.body).encode()
    delivery = Delivery({"webhook-id": "d-1"}, body, "", datetime.now(UTC))
    (found,) = push.split(delivery, CONNECTOR.configure(merchant.source_settings))
    return found


def meaning(ticket: Ticket) -> Canonical:
    record, translate = landed(ticket), CONNECTOR.translate
    assert isinstance(record, RawRecord), record
    assert translate is not None
    settings = CONNECTOR.configure(merchant_of(ticket.tenant).source_settings)
    (event,) = translate(record, settings, Origin(ticket.tenant, "pos"))
    return event


def answers(path: Path, merchant: Merchant) -> Iterator[Translated | UntranslatableError]:
    file, settings = CONNECTOR.file, CONNECTOR.configure(merchant.source_settings)
    assert file is not None
    for record in file.records(path, settings):
        try:
            yield from file.translate(record, settings, Origin(merchant.tenant, "pos"))
        except UntranslatableError as error:
            yield error


def in_a_file(folder: Path, merchant: Merchant, *rows: Row) -> list[Translated]:
    path = folder / "night.csv"
    path.write_bytes(exports.written(merchant.export, rows))
    found = list(answers(path, merchant))
    return [event for event in found if isinstance(event, Translated)]


def merchant_of(tenant: str) -> Merchant:
    return next(merchant for merchant in MERCHANTS if merchant.tenant == tenant)


def told(run: str = RUN, stories: int = 500) -> list[Said]:
    teller = Teller(run, random.Random(1))  # noqa: S311
    return [said for _ in range(stories) for _, said in teller.story()]


@pytest.mark.parametrize("merchant", MERCHANTS, ids=lambda merchant: merchant.tenant)
@pytest.mark.parametrize("seed", range(20))
def test_a_ticket_a_row_and_the_back_office_tell_of_one_sale(
    merchant: Merchant, seed: int, tmp_path: Path
) -> None:
    order = an_order(merchant, seed)

    ticket = meaning(tickets.sold(order))
    (row,) = in_a_file(tmp_path, merchant, exports.sold(order))
    event = SaleRecorded.model_validate_json(published(order).body or b"")

    facts = [ticket.fact, row.fact, event]
    assert ticket.home == row.home == published(order).home
    for fact in facts:
        assert isinstance(fact, SaleRecorded)
        assert fact.order == event.order
        (line,) = fact.lines
        (same,) = event.lines
        assert line.model_copy(update={"product": same.product}) == same
        assert line.product.key == same.product.key


@pytest.mark.parametrize("merchant", MERCHANTS, ids=lambda merchant: merchant.tenant)
def test_a_return_finds_its_sale_whoever_tells_of_it(merchant: Merchant, tmp_path: Path) -> None:
    order = an_order(merchant)

    by_till = meaning(tickets.returned(order))
    (by_file,) = in_a_file(tmp_path, merchant, exports.returned(order))

    assert by_till.home == by_file.home == order.home
    assert isinstance(by_till.fact, SaleReturned)
    assert isinstance(by_file.fact, SaleReturned)


def test_what_was_sold_online_keeps_its_number_at_the_till() -> None:
    order = an_order(HOMESTEAD)
    order.online = True
    assert meaning(tickets.sold(order)).home == order.home
    assert meaning(tickets.returned(order)).home == order.home


def test_a_broken_row_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    good, other = exports.sold(an_order(VOLTAGE, 1)), exports.sold(an_order(VOLTAGE, 2))
    bad = exports.broken(other, VOLTAGE.export)
    assert len(in_a_file(tmp_path, VOLTAGE, good, bad)) == 1


def test_mistyped_tickets_are_refused_or_mean_nothing() -> None:
    chance, became = random.Random(1), Counter[str]()  # noqa: S311
    for _ in range(40):
        ticket = tickets.mistyped(tickets.sold(an_order(HOMESTEAD)), chance)
        if isinstance(landed(ticket), Fault):
            became["refused"] += 1
            continue
        with pytest.raises(UntranslatableError):
            meaning(ticket)
        became["parked"] += 1
    assert became["refused"]
    assert became["parked"]


def test_every_door_is_used_and_what_partners_report_is_well_formed() -> None:
    said = told()
    assert {type(one) for one in said} == {Ticket, Row, Report, Telling, Trouble}
    reports = [one for one in said if isinstance(one, Report)]
    assert {one.partner for one in reports} == {*PARTNERS, INVOICES}
    for report in reports:
        if report.partner == INVOICES:
            read_invoice(report.body)
        else:
            Activation.model_validate_json(report.body)


def test_the_first_sale_needs_no_door() -> None:
    first = told(stories=1)[0]
    assert isinstance(first, Telling)
    assert first.home == first_home(RUN)


def test_two_runs_share_no_id_and_invent_no_one() -> None:
    said = [*told("260101-120000"), *told("260101-120001")]
    ids = [one.id for one in said if isinstance(one, Telling)]
    keys = [one.key for one in said if isinstance(one, Report)]
    claims = [one.reference for one in said if isinstance(one, Trouble)]
    assert len(ids) == len(set(ids))
    assert len(claims) == len(set(claims))
    assert len(keys) == len(set(keys))
    mails = [repr(one) for one in said if "@" in repr(one)]
    assert mails
    assert all("@example.invalid" in mail for mail in mails)


def test_one_merchant_writes_files_as_the_example_does() -> None:
    """So that whoever tries the demo may drop the example into its folder."""
    found = list(answers(EXAMPLES / "till-export.csv", VOLTAGE))
    assert sum(isinstance(one, Translated) for one in found) == 11
    assert sum(isinstance(one, UntranslatableError) for one in found) == 2


def test_the_example_of_a_ticket_is_one_of_the_same_merchant() -> None:
    ticket = Ticket("voltage", 2, json.loads((EXAMPLES / "ticket.json").read_text()))
    fact = meaning(ticket).fact
    assert isinstance(fact, SaleRecorded)
    assert fact.order.reference == "R-2001"


def test_the_example_of_a_sale_is_well_formed() -> None:
    Activation.model_validate_json((EXAMPLES / "sale.json").read_bytes())


def test_a_run_ends_in_a_claim_however_short_it_is() -> None:
    said = told(stories=2)
    (trouble,) = [one for one in said if isinstance(one, Trouble)]
    assert trouble.tenant == VOLTAGE.tenant


def test_what_breaks_was_sold_and_its_claim_is_well_formed() -> None:
    said = told(stories=2_000)
    sold = {normalise(serial) for one in said if isinstance(one, Ticket) for serial in of(one)}
    troubles = [one for one in said if isinstance(one, Trouble)]
    for trouble in troubles:
        body = ToldClaim.model_validate_json(json.dumps(trouble.filed()))
        ToldClaim.model_validate_json(json.dumps(trouble.told({"description": "It broke."})))
        assert normalise(body.serial or "") in sold
    assert {one.issue for one in troubles} == set(ISSUES)
    assert {one.wants for one in troubles} == {"repair", "replacement", "refund"}


def of(ticket: Ticket) -> list[str]:
    lines = ticket.body.get("lines")
    found = [line.get("serials", []) for line in lines] if isinstance(lines, list) else []
    return [serial for serials in found for serial in serials if isinstance(serial, str)]


def test_the_warehouse_tells_what_came_before_it_tells_what_was_sold() -> None:
    said = [one for one in told(stories=2_000) if isinstance(one, Telling)]
    told_of = [one for one in said if one.topic == CATALOG_INTAKE.name]
    moves = [StockMoved.model_validate_json(one.body or b"") for one in told_of]
    assert [move.quantity for move in moves] == [2, -1] * (len(moves) // 2)
    assert [len(move.serials) for move in moves] == [0, 1] * (len(moves) // 2)
    assert "Depot" in {move.branch for move in moves}


@pytest.mark.parametrize("name", POLICIES)
def test_what_the_merchant_lays_down_is_valid(name: str) -> None:
    MODELS[name].model_validate_json(json.dumps(POLICIES[name]))


def test_every_trouble_is_one_that_the_merchant_knows() -> None:
    assert {one["code"] for one in POLICIES["issue_types"]["types"]} == set(ISSUES)


def test_the_example_of_a_draft_asks_for_more_than_what_is_in_force() -> None:
    draft = EvidencePolicy.model_validate_json((EXAMPLES / "evidence-draft.json").read_bytes())
    force = EvidencePolicy.model_validate_json(json.dumps(POLICIES["evidence"]))
    for issue in ("power", STRICT_ISSUE):
        assert set(draft.evidence(issue).required) > set(force.evidence(issue).required)


def test_no_two_photos_are_alike() -> None:
    chance = random.Random(1)  # noqa: S311
    photos = {photo(chance) for _ in range(10)}
    assert len(photos) == 10
    with Image.open(BytesIO(photos.pop())) as picture:
        picture.load()
