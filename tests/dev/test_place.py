"""A demo's folder tells a shell where everything is."""

from pathlib import Path

from hub.dev.demo.place import Place


def test_the_surroundings_can_be_read_by_a_shell(tmp_path: Path) -> None:
    place = Place(tmp_path)

    place.note(environment={"HUB_KAFKA": "127.0.0.1:9092", "HUB_POSTGRES": "a b"})

    assert place.shell.read_text() == "HUB_KAFKA=127.0.0.1:9092\nHUB_POSTGRES='a b'\n"


def test_nothing_of_a_stopped_demo_is_left_for_a_shell(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.note(environment={"HUB_KAFKA": "127.0.0.1:9092"})

    place.end({}, {})

    assert not place.shell.exists()
