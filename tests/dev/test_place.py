"""A demo's folder says where everything is, to those who may know."""

import os
import stat
from pathlib import Path

import pytest

from hub.dev.demo.place import DemoError, Place, identity


def test_the_surroundings_can_be_read_by_a_shell(tmp_path: Path) -> None:
    place = Place(tmp_path)

    place.tell_shells({"HUB_KAFKA": "127.0.0.1:9092", "HUB_POSTGRES": "a b"})

    told = place.shell.read_text()
    assert told == "export HUB_KAFKA=127.0.0.1:9092\nexport HUB_POSTGRES='a b'\n"


def test_nothing_of_a_stopped_demo_is_left_for_a_shell(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.tell_shells({"HUB_KAFKA": "127.0.0.1:9092"})

    place.end({}, {})

    assert not place.shell.exists()


def test_what_it_keeps_is_for_its_owner_alone(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.notes.touch(mode=0o644)

    place.note(private={"keys": {}})
    place.tell_shells({})

    modes = {stat.S_IMODE(file.stat().st_mode) for file in (place.notes, place.shell)}
    assert modes == {0o600}


def test_keys_stay_from_run_to_run_and_all_else_is_forgotten(tmp_path: Path) -> None:
    place, keys = Place(tmp_path), {"keys": {"voltage/desk": "whk_1"}}
    place.note(private=keys, open="http://127.0.0.1:1/enter#whk_1")

    place.end({"api": 1}, {})
    place.begin({"api": 1}, **identity(os.getpid()))

    assert place.read()["private"] == keys
    assert "open" not in place.read()


def test_no_two_ports_are_the_same_even_if_they_were_noted_so(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (port,) = place.ports(["api"]).values()
    place.note(ports={"api": port, "push": port})

    ports = place.ports(["api", "push"])

    assert ports["api"] == port
    assert ports["push"] != port


def test_a_folder_that_cannot_be_used_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DemoError, match="hub dev --state DIR"),
        Place(tmp_path / "file" / "below").claimed(),
    ):
        pass


def test_what_a_killed_demo_left_noted_keeps_no_one_away(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ended = identity(os.getpid()) | {"started_at": 1.0}
    place.begin({"kafka": 1}, **ended)
    place.note(servers={"kafka": ended})
    with place.claimed():
        assert place.read()["pid"] == os.getpid()
