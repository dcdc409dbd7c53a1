"""The monthly sample: drawn, and reviewed record by record."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.access.permissions import Permission
from hub.audit.samples.drawing import SampleError, Wish, draw, some_seed
from hub.audit.samples.reviews import (
    Code,
    Finding,
    Sampled,
    SampleDocument,
    read_sample,
    review,
    samples,
)
from hub.web.frame import Frame, Seat, form
from hub.web.headers import PRIVATE
from hub.web.waiting.asked import number

MAX_FORM, USUAL_SIZE, MOST_PLACES = 16_384, 20, 1_000
CODES = (("ok", "fine"), ("missing", "missing"), ("wrong", "wrong"), ("unclear", "unclear"))


@dataclass(frozen=True, slots=True)
class SamplePages:
    """Samples, one sample, and what is sent about them."""

    frame: Frame

    async def listed(self, _request: Request, seat: Seat) -> Response:
        """What was drawn, and how much of it waits for a reviewer."""
        return await self._list(seat)

    async def drawn(self, request: Request, seat: Seat) -> Response:
        """Draw one."""
        sent = await form(request)
        seed = sent.get("seed", "").strip() or some_seed()
        wish = Wish(
            tenant=seat.tenant,
            month=sent.get("month", "").strip(),
            size=number(sent.get("size", ""), MOST_PLACES) or 0,
            seed=seed,
        )
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            try:
                await draw(queries, wish, seat.viewer.by)
            except SampleError as error:
                refused = str(error)
            else:
                return _to(seat, f"/audit/samples/{quote(wish.id)}")
        return await self._list(seat, 422, refused, sent)

    async def one(self, request: Request, seat: Seat) -> Response:
        """A sample, with the first record that nobody has reviewed ready to be."""
        return await self._show(request, seat)

    async def reviewed(self, request: Request, seat: Seat) -> Response:
        """Keep what somebody found of a record."""
        sample, place = request.path_params["sample"], number(request.path_params["place"]) or 0
        sent = await form(request, MAX_FORM)
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            document = await read_sample(queries, seat.tenant, sample)
            record = next((one for one in document.items if one.place == place), None)
            try:
                await review(
                    queries,
                    seat.tenant,
                    sample,
                    place,
                    findings=_findings(record, sent),
                    by=seat.viewer.by,
                    known_as=(seat.viewer.name, seat.viewer.signature),
                )
            except SampleError as error:
                refused = str(error)
            else:
                return _to(seat, f"/audit/samples/{quote(sample)}", f"#record-{place}")
        return await self._show(request, seat, 409, {place: refused}, sent)

    async def _list(
        self, seat: Seat, status: int = 200, wrong: str = "", typed: dict[str, str] | None = None
    ) -> Response:
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            found = await samples(queries, seat.tenant)
        last = datetime.now(UTC).replace(day=1) - timedelta(days=1)
        usual = {"month": f"{last:%Y-%m}", "size": str(USUAL_SIZE), "seed": ""}
        return self.frame.page(
            "audit/samples",
            status,
            viewer=seat.viewer,
            tenant=seat.tenant,
            seat=seat,
            samples=found,
            wrong=wrong,
            typed=usual | (typed or {}),
            may_draw=seat.viewer.may(Permission.SAMPLE_AUDIT),
        )

    async def _show(
        self,
        request: Request,
        seat: Seat,
        status: int = 200,
        wrong: dict[int, str] | None = None,
        typed: dict[str, str] | None = None,
    ) -> Response:
        async with self.frame.database.speaking_for(seat.tenant) as queries:
            document = await read_sample(queries, seat.tenant, request.path_params["sample"])
        return self.frame.page(
            "audit/sample",
            status,
            viewer=seat.viewer,
            tenant=seat.tenant,
            seat=seat,
            sample=document.sample,
            items=document.items,
            open_at=_open_at(document, wrong),
            wrong=wrong or {},
            typed=typed or {},
            codes=CODES,
            may_review=seat.viewer.may(Permission.REVIEW_AUDIT),
        )


def _open_at(document: SampleDocument, wrong: dict[int, str] | None) -> int:
    if wrong:
        return next(iter(wrong))
    return next((one.place for one in document.items if one.review is None), 0)


def _findings(record: Sampled | None, sent: dict[str, str]) -> list[Finding]:
    """What a form says of each line; a line that was left out is not answered."""
    known: dict[str, Any] = dict(CODES)
    return [
        Finding(
            check=one.check,
            code=cast("Code", sent[one.check]),
            text=" ".join(sent.get(f"{one.check}-text", "").split()),
        )
        for one in (record.checklist if record else ())
        if sent.get(one.check) in known
    ]


def _to(seat: Seat, path: str, at: str = "") -> Response:
    query = f"?{seat.query}" if seat.query else ""
    return RedirectResponse(f"{path}{query}{at}", 303, dict(PRIVATE))
