"""How long something takes, as a merchant wrote it among what is expected, in every language."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from schemas.policies.exclusions import ExclusionsPolicy, ExpectedTime
from schemas.policies.parts import Locale, Texts

Taking = Literal["evidence", "answer", "review", "repair", "replacement", "refund"]
TAKES: Mapping[Taking, Texts] = MappingProxyType(
    {
        "evidence": Texts(
            en="Once everything is here, checking it usually takes {span}.",
            de="Wenn alles da ist, dauert die Prüfung in der Regel {span}.",
            tr="Her şey ulaştıktan sonra inceleme genellikle {span} sürer.",
            pl="Gdy wszystko dotrze, sprawdzanie trwa zwykle {span}.",
        ),
        "answer": Texts(
            en="Once you have answered, checking it usually takes {span}.",
            de="Nach Ihrer Antwort dauert die Prüfung in der Regel {span}.",
            tr="Yanıtınızdan sonra inceleme genellikle {span} sürer.",
            pl="Po otrzymaniu odpowiedzi sprawdzanie trwa zwykle {span}.",
        ),
        "review": Texts(
            en="Checking it usually takes {span}.",
            de="Die Prüfung dauert in der Regel {span}.",
            tr="İnceleme genellikle {span} sürer.",
            pl="Sprawdzanie trwa zwykle {span}.",
        ),
        "repair": Texts(
            en="A repair usually takes {span}.",
            de="Eine Reparatur dauert in der Regel {span}.",
            tr="Onarım genellikle {span} sürer.",
            pl="Naprawa trwa zwykle {span}.",
        ),
        "replacement": Texts(
            en="An exchange usually takes {span}.",
            de="Ein Austausch dauert in der Regel {span}.",
            tr="Değişim genellikle {span} sürer.",
            pl="Wymiana trwa zwykle {span}.",
        ),
        "refund": Texts(
            en="Paying it back usually takes {span}.",
            de="Die Rückzahlung dauert in der Regel {span}.",
            tr="Para iadesi genellikle {span} sürer.",
            pl="Zwrot pieniędzy trwa zwykle {span}.",
        ),
    }
)
SHORT = Texts(
    en="less than a day", de="weniger als einen Tag", tr="bir günden az", pl="mniej niż jeden dzień"
)
RANGE = Texts(
    en="{least} to {most} days",
    de="{least} bis {most} Tage",
    tr="{least}-{most} gün",
    pl="od {least} do {most} dni",
)
UP_TO = Texts(
    en="up to {most} days", de="bis zu {most} Tage", tr="en çok {most} gün", pl="do {most} dni"
)
UP_TO_ONE = Texts(
    en="up to one day", de="bis zu einem Tag", tr="en çok bir gün", pl="do jednego dnia"
)
EXACTLY = Texts(en="{most} days", de="{most} Tage", tr="{most} gün", pl="{most} dni")
ONE = Texts(en="one day", de="einen Tag", tr="bir gün", pl="jeden dzień")


def span(exclusions: ExclusionsPolicy | None, codes: Sequence[str], locale: Locale) -> str | None:
    """The days of the first of these codes that has any; None where nobody wrote how long it takes."""
    times = {one.code: one for one in reversed(exclusions.expected_times)} if exclusions else {}
    found = next((times[code] for code in codes if code in times), None)
    return (
        None
        if found is None
        else _days(found)
        .in_locale(locale)
        .format_map({"least": found.at_least, "most": found.at_most})
    )


def _days(time: ExpectedTime) -> Texts:
    if not time.at_most:
        return SHORT
    one = time.at_most == 1
    if not time.at_least:
        return UP_TO_ONE if one else UP_TO
    if time.at_least < time.at_most:
        return RANGE
    return ONE if one else EXACTLY
