"""The audit, for whoever looks after it: searched, and sampled month by month."""

from starlette.routing import Route

from hub.access.permissions import Permission
from hub.web.auditing.samples import SamplePages
from hub.web.auditing.search import Search
from hub.web.frame import Frame
from hub.web.waiting import Away, Seated, seated

__all__ = ["routes"]


def routes(frame: Frame, away: Away) -> list[Route]:
    """The routes of these pages; `away` answers while Postgres does not."""
    search, samples = Search(frame), SamplePages(frame)
    read: dict[str, tuple[Permission, Seated]] = {
        "/audit": (Permission.READ_AUDIT, search.entries),
        "/audit/samples": (Permission.READ_AUDIT, samples.listed),
        "/audit/samples/{sample}": (Permission.READ_AUDIT, samples.one),
    }
    sent: dict[str, tuple[Permission, Seated]] = {
        "/audit/samples": (Permission.SAMPLE_AUDIT, samples.drawn),
        "/audit/samples/{sample}/{place}": (Permission.REVIEW_AUDIT, samples.reviewed),
    }
    return seated(frame, away, read, sent)
