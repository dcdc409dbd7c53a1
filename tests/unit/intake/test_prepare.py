"""What a command line says becomes a job, or a sentence that says what to change."""

import json
import tracemalloc
from pathlib import Path

import pytest

from connectors.pos import CONNECTOR
from connectors.sdk import SettingsError
from hub.intake.files.publish import dry_run, load_map, prepare
from hub.intake.files.screen import Terminal
from hub.intake.files.tally import Tally
from hub.intake.files.wording import LineAnswer
from hub.sdk.events import Outcome


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "export.csv"
    file.write_text("No;Day;Time;SKU\n7;31.01.2026;10:15;TV\n8;31.02.2026;10:15;TV\n")
    return file


MAP = "order=No,sold_at=Day+Time,product_code=SKU"


class Nothing:
    """A screen nobody looks at."""

    def line(self, answer: LineAnswer) -> None: ...
    def progress(self, lines: int) -> None: ...


def test_reads_a_map_from_text_or_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('zone = "UTC"\n[columns]\norder = "No"\n')

    assert load_map(None) == {}
    assert load_map(str(file)) == {"zone": "UTC", "columns": {"order": "No"}}
    assert load_map(MAP) == {
        "columns": {"order": ["No"], "sold_at": ["Day", "Time"], "product_code": ["SKU"]}
    }


@pytest.mark.parametrize("text", ["nowhere.toml", "order=", "=No", "order=No,"])
def test_refuses_what_is_no_map(text: str) -> None:
    with pytest.raises(SettingsError, match="not like order=Receipt"):
        load_map(text)


def test_refuses_a_file_that_is_not_toml(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text("order: No\n")

    with pytest.raises(SettingsError, match="is not TOML"):
        load_map(str(file))


def test_an_option_goes_before_the_map(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    file.write_text('zone = "UTC"\ncurrency = "EUR"\n')
    job = prepare(
        path, CONNECTOR, tenant="acme", map_=str(file), zone="Europe/Istanbul", currency=None
    ).job

    assert (job.settings.zone, job.settings.currency) == ("Europe/Istanbul", "EUR")
    assert job.origin.source == "pos"


@pytest.mark.parametrize(
    ("tenant", "source", "said"),
    [("Acme!", None, "lower case"), ("acme", "Till 7", "lower case")],
)
def test_refuses_names_that_cannot_stand_in_an_event(
    path: Path, tenant: str, source: str | None, said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        prepare(path, CONNECTOR, tenant=tenant, source=source, zone="UTC")


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="check the path"):
        prepare(tmp_path / "none.csv", CONNECTOR, tenant="acme", zone="UTC")


def test_a_dry_run_ends_with_one_line_of_json(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = prepare(path, CONNECTOR, tenant="acme", map_=MAP, zone="UTC").job
    with Terminal() as screen:
        tally = dry_run(job, screen)
    screen.tally(tally)

    *lines, last = capsys.readouterr().out.splitlines()
    assert [line[:21].split() for line in lines] == [
        ["line", "2", "readable"],
        ["line", "3", "unreadable"],
    ]
    figures = json.loads(last)
    assert (figures["lines"], figures["events"], figures["unreadable"]) == (2, 1, 1)
    assert tally.exit_code == 1


def test_json_alone_prints_nothing_else(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = prepare(path, CONNECTOR, tenant="acme", map_=MAP, zone="UTC").job
    with Terminal(only_json=True) as screen:
        screen.tally(dry_run(job, screen))

    (only,) = capsys.readouterr().out.splitlines()
    assert json.loads(only)["lines"] == 2


def test_what_stops_a_run_is_said_beside_the_figures(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job = prepare(path, CONNECTOR, tenant="acme", map_="order=Nr", zone="UTC").job
    with Terminal() as screen:
        tally = dry_run(job, screen)
        screen.progress(20_000)
    screen.tally(tally)

    written = capsys.readouterr()
    assert tally.exit_code == 2
    assert "20,000 lines" in written.err
    assert "no column 'Nr', 'sold_at'" in written.err
    assert "no column" in json.loads(written.out)["error"]


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for rows in (1_000, 3_000):
        file = tmp_path / "export.csv"
        file.write_text(
            "order;sold_at;product_code\n"
            + "".join(f"R-{n};31.01.2026 10:15;TV\n" for n in range(rows))
        )
        job = prepare(file, CONNECTOR, tenant="acme", zone="UTC").job
        tracemalloc.start()
        assert dry_run(job, Nothing()).lines == rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.3 * peaks[0]


@pytest.mark.parametrize("outcome", Outcome)
def test_only_answers_that_are_final_or_early_end_well(outcome: Outcome) -> None:
    well = {Outcome.APPLIED, Outcome.DEDUPLICATED, Outcome.REJECTED, Outcome.EARLY}
    tally = Tally()
    tally.outcomes[Outcome.APPLIED] += 1
    tally.outcomes[outcome] += 1

    assert tally.exit_code == (0 if outcome in well else 1)


def test_warns_that_a_namespace_nobody_named_is_shared(path: Path) -> None:
    silent = prepare(path, CONNECTOR, tenant="acme", zone="UTC", map_=MAP)
    named = prepare(path, CONNECTOR, tenant="acme", zone="UTC", map_=MAP, namespace="till")

    assert "--namespace" in silent.warning
    assert "'till'" in silent.warning
    assert not named.warning
