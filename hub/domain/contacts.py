"""How two ways of writing one e-mail address or phone number are seen to be the same."""

DIALLED = "+0123456789"


def comparable_email(email: str | None) -> str:
    """The address without blanks and in one case; empty where there is none."""
    return (email or "").strip().casefold()


def comparable_phone(phone: str | None) -> str:
    """The digits, with `+` for an international prefix; empty where there is none."""
    digits = phone or ""
    if digits.strip(DIALLED):
        digits = "".join(c for c in digits if c in DIALLED)
    return "+" + digits[2:] if digits.startswith("00") else digits


def comparable_name(name: str | None) -> str:
    """The name with single blanks and in one case; empty where there is none."""
    return " ".join((name or "").split()).casefold()
