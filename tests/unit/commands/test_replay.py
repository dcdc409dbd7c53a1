"""What is said before any server is asked."""

from typer.testing import CliRunner

from hub.main import app


def test_a_replay_without_a_reason_is_refused_in_a_sentence() -> None:
    result = CliRunner().invoke(app, ["replay", "pos", "--since", "2h"])

    assert result.exit_code != 0
    assert "a replay needs a reason" in result.output
    assert "Traceback" not in result.output
