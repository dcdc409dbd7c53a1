"""`make prove` leaves out none of the long runs that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROOFS = ROOT / "hub" / "dev" / "prove"
RUN = 'if __name__ == "__main__"'


def proofs() -> set[str]:
    """Every module below that is run by its name, as its first words say; others run beside one."""
    texts = {path: path.read_text() for path in PROOFS.rglob("*.py")}
    runs = [path for path, text in texts.items() if RUN in text and text.startswith('"""`python')]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in runs]
    return {name.removesuffix(".__main__") for name in names}


def test_make_prove_runs_every_proof() -> None:
    named = re.findall(r"-m (hub\.dev\.prove\.\w+)", (ROOT / "Makefile").read_text())

    assert set(named) == proofs()
