"""Text that any column and any log takes."""


def plain(text: str, limit: int) -> str:
    """The first `limit` characters, without what Postgres or UTF-8 refuses, whoever made them up."""
    return text[:limit].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def unquoted(message: str, given: object) -> str:
    """What is said of a value, without the value: it may be somebody's name in the wrong place."""
    return message.replace(given, "…") if isinstance(given, str) and given else message
