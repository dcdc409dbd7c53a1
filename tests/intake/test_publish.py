"""`hub publish` on a whole hub: each line of a file hears its answer, twice the same."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.pos import CONNECTOR
from hub.adapters.postgres import Database, connect
from hub.intake.files.publish import Publication, prepare, publish_file
from hub.intake.files.reading import WINDOW
from hub.intake.files.tally import Tally
from hub.intake.files.wording import LineAnswer
from hub.sdk.events import Outcome
from tests.intake.conftest import TENANT, Installation

pytestmark = pytest.mark.servers

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
HEAD = "order;sold_at;product_code;serials;quantity\n"


@dataclass(slots=True)
class Paper:
    """A screen that keeps what it is shown."""

    lines: list[LineAnswer] = field(default_factory=list)
    seen: int = 0

    def line(self, answer: LineAnswer) -> None:
        self.lines.append(answer)

    def progress(self, lines: int) -> None:
        self.seen = lines

    @property
    def words(self) -> dict[int, str]:
        """What became of each line."""
        return {answer.line: answer.word for answer in self.lines}

    @property
    def codes(self) -> dict[int, str]:
        """Of the reason each line was given."""
        return {answer.line: answer.code for answer in self.lines}

    @property
    def warranties(self) -> dict[int, tuple[str, ...]]:
        """What each line activated or ended."""
        return {answer.line: answer.warranties for answer in self.lines}

    @property
    def details(self) -> dict[int, str]:
        """What each line was told beside."""
        return {answer.line: answer.detail for answer in self.lines}


def pool(dsn: str) -> AbstractAsyncContextManager[Database]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Database]:
        database = await connect(dsn, size=4)
        try:
            yield database
        finally:
            await database.close()

    return opened()


async def publish(hub: Installation, job: Publication) -> tuple[Tally, Paper]:
    paper = Paper()
    tally = await publish_file(
        job,
        paper,
        database=pool(hub.dsn),
        kafka=hub.settings,
        topic=hub.intake,
    )
    return tally, paper


def job_of(path: Path, text: str) -> Publication:
    path.write_text(HEAD + text, encoding="utf-8")
    return prepare(path, CONNECTOR, tenant=TENANT, zone="Europe/Istanbul", currency="TRY")


def figures(tally: Tally) -> dict[str, Any]:
    return {name: n for name, n in json.loads(tally.json()).items() if n}


async def test_the_example_gives_each_line_its_answer_twice_the_same(hub: Installation) -> None:
    job = prepare(
        EXAMPLES / "till-export.csv",
        CONNECTOR,
        tenant=TENANT,
        map_=str(EXAMPLES / "till-export.map.toml"),
    )

    tally, paper = await publish(hub, job)

    assert tally.error == ""
    assert paper.words == {
        2: "accepted",
        3: "accepted",
        4: "accepted",
        5: "accepted",
        6: "accepted",
        7: "unreadable",
        8: "unreadable",
        9: "accepted",
        10: "duplicate",
        11: "accepted",
        12: "rejected",
        13: "accepted",
        14: "accepted",
        15: "accepted",
    }
    assert "covered 2026-01-31 … 2028-01-31" in paper.details[2]
    assert paper.details[10] == paper.details[5]
    assert len(paper.warranties[4]) == 3
    assert paper.codes[12] == "double_entry"
    assert "covered 2026-02-03 … 2028-02-03" in paper.details[15]
    assert paper.seen == 14
    assert tally.exit_code == 1

    again, second = await publish(hub, job)

    assert second.lines == paper.lines
    assert figures(again) == figures(tally) | {"replayed": tally.events}
    assert figures(tally) == {
        "lines": 14,
        "rows": {"accepted": 10, "duplicate": 1, "rejected": 1, "unreadable": 2},
        "unreadable": 2,
        "events": 11,
        "accepted": 11,
        "applied": 9,
        "deduplicated": 1,
        "rejected": 1,
    }


async def test_another_file_with_the_same_receipts_is_answered_as_repeats(
    hub: Installation, tmp_path: Path
) -> None:
    text = "R-1;31.01.2026 10:15;TV;0001;1\nR-2;31.01.2026 10:20;TV;0002;1\n"
    _, first = await publish(hub, job_of(tmp_path / "monday.csv", text))
    tally, second = await publish(hub, job_of(tmp_path / "tuesday.csv", text))

    assert second.words == {2: "duplicate", 3: "duplicate"}
    assert second.details == first.details
    assert tally.exit_code == 0


async def test_which_of_two_sales_of_a_unit_came_first_is_what_the_file_says(
    hub: Installation, tmp_path: Path
) -> None:
    rows = "".join(f"R-{n};31.01.2026 10:15;TV;{n // 2:04};1\n" for n in range(2, 42))
    _, paper = await publish(hub, job_of(tmp_path / "export.csv", rows))

    assert [paper.words[line] for line in range(2, 42)] == ["accepted", "rejected"] * 20


async def test_a_return_before_its_sale_waits(hub: Installation, tmp_path: Path) -> None:
    text = "R-1;01.02.2026 10:15;TV;0001;-1\n"
    tally, paper = await publish(hub, job_of(tmp_path / "export.csv", text))

    assert paper.words == {2: "early"}
    assert tally.exit_code == 0


async def test_a_file_of_many_windows_is_answered_in_its_order(
    hub: Installation, tmp_path: Path
) -> None:
    count = 5 * WINDOW + 7
    rows = (f"R-{n};31.01.2026 10:15;TV;S{n:05};1\n" for n in range(count))
    tally, paper = await publish(hub, job_of(tmp_path / "export.csv", "".join(rows)))

    assert [answer.line for answer in paper.lines] == list(range(2, count + 2))
    assert tally.outcomes[Outcome.APPLIED] == count == tally.lines
    assert await hub.database.fetchval("select count(*) from unit") == count


async def test_without_a_worker_lines_wait_and_a_second_run_hears_the_answer(
    idle: Installation, tmp_path: Path
) -> None:
    job = job_of(tmp_path / "export.csv", "R-1;31.01.2026 10:15;TV;0001;1\n")
    tally, paper = await publish(idle, replace(job, patience=0.2))
    assert (paper.words, tally.exit_code) == ({2: "waiting"}, 1)
    assert "give the same file again" in paper.details[2]

    await idle.start()
    again, second = await publish(idle, job)

    assert (second.words, again.exit_code) == ({2: "accepted"}, 0)
    assert await idle.database.fetchval("select count(*) from unit") == 1


async def test_says_what_to_do_when_kafka_or_postgres_is_away(
    idle: Installation, tmp_path: Path
) -> None:
    job = job_of(tmp_path / "export.csv", "R-1;31.01.2026 10:15;TV;0001;1\n")
    dsn = idle.dsn
    idle.dsn = "postgresql://hub@127.0.0.1:9/hub"
    tally, _ = await publish(idle, job)
    assert tally.exit_code == 2
    assert "HUB_POSTGRES" in tally.error

    idle.dsn = dsn
    idle.settings = type(idle.settings)("127.0.0.1:9")
    tally, _ = await publish(idle, job)
    assert tally.exit_code == 2
    assert "HUB_KAFKA" in tally.error


async def test_says_that_a_column_is_missing(idle: Installation, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("a;b\n1;2\n", encoding="utf-8")
    job = prepare(path, CONNECTOR, tenant=TENANT, zone="UTC")
    tally, _ = await publish(idle, job)

    assert tally.exit_code == 2
    assert "no column 'order', 'sold_at'" in tally.error
