"""What was acted upon is not made again."""

from typer.testing import CliRunner

from hub.main import app


def test_deliveries_cannot_be_rebuilt() -> None:
    done = CliRunner().invoke(app, ["rebuild", "deliveries"])

    assert done.exit_code == 2
    assert "cannot be made again" in done.output
