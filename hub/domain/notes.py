"""What people note about work that does not go on by itself, in few words that can be counted."""

from collections.abc import Mapping

CODES: Mapping[str, str] = {
    "cause_found": "it is known why it failed",
    "source_informed": "whoever runs the source has been told",
    "fixed_at_source": "the source has mended it, or sends it again",
    "waiting_for_vendor": "somebody outside has to act first",
    "fix_under_way": "our code or our settings are being mended",
    "customer_informed": "the customer has been told",
    "cannot_reproduce": "it could not be made to happen again",
    "other": "as the text says",
}
MAX_TEXT = 4_000
"""Characters of a note."""
