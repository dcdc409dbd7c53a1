"""A sentence about a unit on a day: in the merchant's words where they are published, else in ours."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from hub.domain.as_of import History, Reason, Standing
from schemas.policies.parts import Locale, Texts
from schemas.policies.wording import PLACEHOLDERS, WordingPolicy

OURS: Mapping[Reason, Texts] = MappingProxyType(
    {
        "covered": Texts(
            en="{product}, serial {serial}: covered on {on}. The last covered day is {ends_on}.",
            de="{product}, Seriennummer {serial}: am {on} gedeckt. Der letzte gedeckte Tag ist der "
            "{ends_on}.",
            tr="{product}, seri numarası {serial}: {on} tarihinde garanti kapsamında. Kapsamın son "
            "günü {ends_on}.",
            pl="{product}, numer seryjny {serial}: w dniu {on} objęty gwarancją. Ostatni dzień "
            "ochrony to {ends_on}.",
        ),
        "not_begun": Texts(
            en="{product}, serial {serial}: not covered on {on}. Cover begins on {starts_on}.",
            de="{product}, Seriennummer {serial}: am {on} nicht gedeckt. Die Deckung beginnt am "
            "{starts_on}.",
            tr="{product}, seri numarası {serial}: {on} tarihinde garanti kapsamında değil. Kapsam "
            "{starts_on} tarihinde başlar.",
            pl="{product}, numer seryjny {serial}: w dniu {on} nieobjęty gwarancją. Ochrona "
            "zaczyna się {starts_on}.",
        ),
        "expired": Texts(
            en="{product}, serial {serial}: not covered on {on}. The last covered day was {ends_on}.",
            de="{product}, Seriennummer {serial}: am {on} nicht gedeckt. Der letzte gedeckte Tag war "
            "der {ends_on}.",
            tr="{product}, seri numarası {serial}: {on} tarihinde garanti kapsamında değil. Kapsamın "
            "son günü {ends_on} idi.",
            pl="{product}, numer seryjny {serial}: w dniu {on} nieobjęty gwarancją. Ostatni dzień "
            "ochrony to {ends_on}.",
        ),
        "returned": Texts(
            en="{product}, serial {serial}: not covered on {on}. It came back on {ended_on}.",
            de="{product}, Seriennummer {serial}: am {on} nicht gedeckt. Die Ware kam am {ended_on} "
            "zurück.",
            tr="{product}, seri numarası {serial}: {on} tarihinde garanti kapsamında değil. Ürün "
            "{ended_on} tarihinde iade edildi.",
            pl="{product}, numer seryjny {serial}: w dniu {on} nieobjęty gwarancją. Produkt zwrócono "
            "{ended_on}.",
        ),
        "ended": Texts(
            en="{product}, serial {serial}: not covered on {on}. The warranty was ended.",
            de="{product}, Seriennummer {serial}: am {on} nicht gedeckt. Die Garantie wurde beendet.",
            tr="{product}, seri numarası {serial}: {on} tarihinde garanti kapsamında değil. Garanti "
            "sonlandırıldı.",
            pl="{product}, numer seryjny {serial}: w dniu {on} nieobjęty gwarancją. Gwarancja została "
            "zakończona.",
        ),
    }
)
REASONS: Mapping[Reason, Texts] = MappingProxyType(
    {
        "covered": Texts(en="covered", de="gedeckt", tr="kapsamda", pl="objęty ochroną"),
        "not_begun": Texts(
            en="not begun", de="noch nicht begonnen", tr="henüz başlamadı", pl="jeszcze nie zaczęta"
        ),
        "expired": Texts(en="expired", de="abgelaufen", tr="süresi doldu", pl="wygasła"),
        "returned": Texts(en="returned", de="zurückgegeben", tr="iade edildi", pl="zwrócono"),
        "ended": Texts(en="ended", de="beendet", tr="sonlandırıldı", pl="zakończona"),
    }
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def sentence(  # noqa: PLR0913 - what a sentence can be about, and in whose words
    history: History,
    stands: Standing,
    day: date,
    *,
    merchant: str,
    locale: Locale = "en",
    wording: WordingPolicy | None = None,
) -> str:
    """What a customer reads. A language that the merchant did not write is told in his English."""
    words = _theirs(wording, stands.reason) or OURS[stands.reason]
    locale = locale if getattr(words, locale) else "en"
    days = max(0, (history.last_day - day).days)
    about = {
        "merchant": merchant,
        "warranty": history.id,
        "product": history.product,
        "serial": history.serial or "",
        "starts_on": written(history.starts_on, locale),
        "ends_on": written(history.last_day, locale),
        "ended_on": written(_ended_on(history), locale),
        "reason": REASONS[stands.reason].in_locale(locale),
        "days": str(days),
        "on": written(day, locale),
    }
    return words.in_locale(locale).format(**dict.fromkeys(PLACEHOLDERS, "") | about)


def written(day: date, locale: Locale) -> str:
    """A day as people of that language write it."""
    if locale == "en":
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return f"{day:%d.%m}.{day.year:04d}"


def _ended_on(history: History) -> date:
    """The first day that is no longer covered; the calendar's last where there is none."""
    if history.ended_on is not None:
        return history.ended_on
    return history.ends_on if history.ends_on == date.max else history.ends_on + timedelta(days=1)


def _theirs(wording: WordingPolicy | None, reason: Reason) -> Texts | None:
    """Cover that has not begun is neither of a merchant's statuses, unless he names that reason."""
    found = wording.statuses.get("covered" if reason == "covered" else "ended") if wording else None
    if found is None:
        return None
    return found.reasons.get(reason) or (None if reason == "not_begun" else found.text)
