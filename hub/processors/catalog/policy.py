"""A policy: published version after version, never edited, never into the past."""

from datetime import datetime
from hashlib import sha256

import msgspec

from hub.domain.errors import RejectedError, reject
from hub.domain.setup import DEFAULT_MAP, may_change
from hub.processors.catalog.state import POLICY, By, CatalogRow, PolicyRow, Shelf
from hub.sdk.decision import Decision, Said
from hub.sdk.events import Event, Outcome
from schemas.events.policy import PolicyAccepted, PolicyPublished
from schemas.events.warranty import Refusal
from schemas.policies.checking import NotAPolicyError, canonical, parse
from schemas.policies.parts import Policy
from schemas.policies.setup_map import SetupMapPolicy
from schemas.refs import home


class Published(msgspec.Struct, frozen=True, gc=False):
    """What its author is told of a version, and is told again at every repeat."""

    name: str
    version: int
    effective_from: datetime
    hash: str


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The answer to a publication."""

    policy: Published


def policy_home(tenant: str, name: str) -> str:
    """The home of a policy."""
    return home(tenant, POLICY, name)


def publish(shelf: Shelf, event: Event, fact: PolicyPublished) -> Decision[Shelf]:
    """Take a version, recognise one that is there, or say everything that is wrong with it."""
    policy = _parsed(fact)
    document = canonical(policy)
    digest = sha256(document).hexdigest()
    repeat = _repeat(shelf, fact, digest)
    if repeat is not None:
        return Decision(shelf, Outcome.DEDUPLICATED, _answer(repeat))
    _check_expected(shelf, fact)
    begins = fact.effective_from or event.time
    if begins < event.time:
        message = (
            f"/effective_from: {begins.isoformat()} lies before {event.time.isoformat()}, when "
            "it was published; what was decided stays, so choose a time to come"
        )
        raise reject("effective_in_past", message)
    if isinstance(policy, SetupMapPolicy):
        _check_mapped(shelf, fact, policy)
    return _accept(shelf, event, fact, document.decode(), digest, begins)


def _parsed(fact: PolicyPublished) -> Policy:
    try:
        return parse(fact.name, fact.document)
    except NotAPolicyError as error:
        reasons = [
            Refusal(code="policy_not_valid", message=f"/document{one.pointer}: {one.message}")
            for one in error.faults
        ]
        raise RejectedError(reasons) from error


def _repeat(shelf: Shelf, fact: PolicyPublished, digest: str) -> PolicyRow | None:
    """The version that says the same at the same place, or is the last where no place is named."""
    seen = fact.expects_version
    number = len(shelf.versions) if seen is None else seen + 1
    same = (one for one in shelf.versions if one.number == number and one.hash == digest)
    found = next(same, None)
    if found is None or fact.effective_from not in (None, found.effective_from):
        return None
    return found


def _check_expected(shelf: Shelf, fact: PolicyPublished) -> None:
    current, seen = len(shelf.versions), fact.expects_version
    if seen is not None and seen < current:
        message = (
            f"version {seen + 1} of {fact.name} exists with another content, the last is {current}; "
            "read it, and publish what you mean on top of it"
        )
        raise reject("version_exists", message)
    if seen is not None and seen > current:
        message = f"there is no version {seen} of {fact.name} to follow; the last is {current}"
        raise reject("version_unknown", message)


def _check_mapped(shelf: Shelf, fact: PolicyPublished, new: SetupMapPolicy) -> None:
    """Only whom the map names may change an area of it; the owner always."""
    old = DEFAULT_MAP
    if shelf.versions:
        old = SetupMapPolicy.model_validate_json(shelf.versions[-1].document)
    reasons = [
        Refusal(
            code="not_named",
            message=f"/document/{area}: only {', '.join(named)} may change it, not {fact.by.role}",
        )
        for area, named in may_change(old, new, fact.by.role)
    ]
    if reasons:
        raise RejectedError(reasons)


def _accept(  # noqa: PLR0913, PLR0917 - a version consists of as much
    shelf: Shelf,
    event: Event,
    fact: PolicyPublished,
    document: str,
    digest: str,
    begins: datetime,
) -> Decision[Shelf]:
    place, number = policy_home(event.tenant, fact.name), len(shelf.versions) + 1
    version = PolicyRow(
        id=f"pol_{place}_{number}",
        name=fact.name,
        number=number,
        effective_from=begins,
        document=document,
        hash=digest,
        by=By(fact.by.kind, fact.by.id, fact.by.role),
        why=fact.why,
        published_at=event.time,
        event=event.id,
    )
    head = CatalogRow(place, POLICY, fact.name, current=number)
    said = PolicyAccepted(
        policy=version.id,
        name=fact.name,
        version=number,
        effective_from=begins,
        hash=digest,
        document=msgspec.json.decode(document),
        why=fact.why,
        by=fact.by,
    )
    return Decision(
        Shelf(head, (*shelf.versions, version)),
        answer=_answer(version),
        said=(Said(said, version.id),),
        rows=(version,),
    )


def _answer(version: PolicyRow) -> Answer:
    return Answer(Published(version.name, version.number, version.effective_from, version.hash))
