"""`python -m hub.access.matrix`: writes the matrix into the README, as people read it."""

from pathlib import Path

from hub.access.permissions import MATRIX, Permission, Role

BEGIN = "<!-- matrix: written by hub.access.matrix, held by a test -->"
END = "<!-- /matrix -->"
README = Path("README.md")


def table() -> str:
    """Who may do what, a permission a row."""
    names = [role.value.replace("_", " ") for role in Role]
    lines = [f"| permission | {' | '.join(names)} |", f"|---|{':-:|' * len(names)}"]
    for permission in Permission:
        marks = ["x" if permission in MATRIX[role] else "" for role in Role]
        lines.append(f"| `{permission}` | {' | '.join(marks)} |")
    return "\n".join(lines)


def written(text: str) -> str:
    """A text with the table between its marks.

    Raises:
        ValueError: it has no such marks.

    """
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise ValueError(f"put {BEGIN} and {END} where the matrix should stand")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
