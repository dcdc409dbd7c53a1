"""The matrix as people read it is the matrix."""

from pathlib import Path

import pytest

from hub.access.matrix import table, written
from hub.access.permissions import MATRIX, Permission, Role

README = Path(__file__).parents[2] / "README.md"


def test_the_table_in_the_readme_is_the_matrix() -> None:
    text = README.read_text()

    assert written(text) == text, "run: .venv/bin/python -m hub.access.matrix"
    assert all(f"`{permission}`" in table() for permission in Permission)


def test_a_text_without_its_place_is_left_alone() -> None:
    with pytest.raises(ValueError, match="where the matrix should stand"):
        written("nothing here")


def test_owners_read_all_and_admins_decide_nothing() -> None:
    reads = {one for one in Permission if one.endswith(":read")}

    assert reads <= MATRIX[Role.OWNER]
    assert Permission.SUBMIT_ACTIVATION not in MATRIX[Role.SYSTEM_ADMIN] | MATRIX[Role.OWNER]
    least = {"self:read", "session:end", "coverage:read"}
    assert MATRIX[Role.CUSTOMER] == MATRIX[Role.SUPPLIER] == least
    assert not MATRIX[Role.INTEGRATION] & {"item:read", "audit:read", "key:manage", "person:manage"}
