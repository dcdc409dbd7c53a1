"""What `hub` itself is asked."""

from importlib.metadata import version

from typer.testing import CliRunner

from hub.main import app


def test_says_its_version() -> None:
    result = CliRunner().invoke(app, ["--version"])

    assert result.exit_code == 0
    assert result.output.strip() == f"warranty-hub {version('warranty-hub')}"
