"""What stands where nobody gave an address: recognisable, and reaching nobody."""

from hashlib import sha256

from schemas.events.parts import Contact
from schemas.refs import SEPARATOR

DOMAIN = "placeholder.invalid"
"""Below `.invalid`, which is kept free for ever (RFC 2606): no mail ever leaves for it."""
NOWHERE = "+999"
"""No country has this code, nor will one be given it soon: nobody answers there."""
DIGITS = 11


def placeholder_email(*cause: str) -> str:
    """An address that the same cause always gives, and no other."""
    return f"{_digest('email', cause)[:32]}@{DOMAIN}"


def placeholder_phone(*cause: str) -> str:
    """A number that the same cause always gives."""
    return f"{NOWHERE}{int(_digest('phone', cause), 16) % 10**DIGITS:0{DIGITS}d}"


def completed(contact: Contact, *cause: str) -> Contact:
    """The contact with an address for what nobody gave; the same for the same person."""
    made: dict[str, str] = {}
    if contact.email is None:
        made["email"] = placeholder_email(*cause)
    if contact.phone is None:
        made["phone"] = placeholder_phone(*cause)
    return contact.model_copy(update={**made, "generated": tuple(made)}) if made else contact


def is_placeholder(contact: str) -> bool:
    """Whether an address or a number was made up by the hub: nothing is ever sent there."""
    return contact.casefold().endswith(f"@{DOMAIN}") or contact.startswith(NOWHERE)


def _digest(kind: str, cause: tuple[str, ...]) -> str:
    return sha256(SEPARATOR.join(("placeholder", kind, *cause)).encode()).hexdigest()
