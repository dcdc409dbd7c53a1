"""One address of one mailbox, and nothing that a mail's header could be made to say beside it."""

import re

MAX_MAILBOX = 254
LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""What stands before the `@` without quotes; a quoted one may hold anything, and nobody has one."""
DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
MAX_LOCAL = 64


class NoMailboxError(ValueError):
    """No mail can be addressed to that."""


def mailbox(text: str) -> str:
    """The address as a server is told it, its domain in ASCII.

    Raises:
        NoMailboxError: it is no address, or more than one.

    """
    local, at, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode() if domain else ""
    except UnicodeError as error:
        raise NoMailboxError("its domain is no name of a host") from error
    found = f"{local}{at}{domain}"
    fits = LOCAL.fullmatch(local) and DOMAIN.fullmatch(domain)
    if not fits or len(local) > MAX_LOCAL or len(found) > MAX_MAILBOX:
        raise NoMailboxError("it is no address such as service@shop.example.com")
    return found


def domain_of(address: str) -> str:
    """Where the mailbox is."""
    return address.rpartition("@")[2].casefold()
