"""What customers are written where the merchant wrote nothing of his own."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.policies.messages import Message, Occasion
from schemas.policies.parts import Texts

HELLO = Texts(
    en="Hello{% if name %} {{ name }}{% endif %},",
    de="Guten Tag{% if name %} {{ name }}{% endif %},",
    tr="Merhaba{% if name %} {{ name }}{% endif %},",
    pl="Dzień dobry{% if name %}, {{ name }}{% endif %},",
)
FOR = Texts(
    en="Your warranty{% if product %} for {{ product }}{% endif %}",
    de="Ihre Garantie{% if product %} für {{ product }}{% endif %}",
    tr="{% if product %}{{ product }} için garantiniz{% else %}Garantiniz{% endif %}",
    pl="Gwarancja{% if product %} na produkt {{ product }}{% endif %}",
)
THING = Texts(
    en="{{ product or 'Your product' }}{% if serial %} (serial {{ serial }}){% endif %}",
    de="{{ product or 'Ihr Produkt' }}{% if serial %} (Seriennummer {{ serial }}){% endif %}",
    tr="{{ product or 'Ürününüz' }}{% if serial %} (seri numarası {{ serial }}){% endif %}",
    pl="Produkt{% if product %} {{ product }}{% endif %}"
    "{% if serial %} (numer seryjny {{ serial }}){% endif %}",
)


def _letter(body: Texts, thing: Texts | None = THING) -> Texts:
    """The body with what stands above and below every letter."""

    def whole(hello: str, about: str, said: str) -> str:
        return f"{hello}\n\n{about}{said}\n\n{{{{ merchant }}}}"

    texts = {}
    for locale in Texts.model_fields:
        about = f"{getattr(thing, locale)} " if thing else ""
        texts[locale] = whole(getattr(HELLO, locale), about, getattr(body, locale))
    return Texts(**texts)


def _joined(start: Texts, **ends: str) -> Texts:
    return Texts(**{locale: f"{getattr(start, locale)} {end}" for locale, end in ends.items()})


COVERED = Message(
    subject=FOR,
    text=_letter(
        Texts(
            en="is covered from {{ starts_on }} to {{ ends_on }}, both days included.",
            de="ist vom {{ starts_on }} bis zum {{ ends_on }} gedeckt, beide Tage eingeschlossen.",
            tr="{{ starts_on }} ile {{ ends_on }} arasında, iki gün de dahil, garanti kapsamındadır.",
            pl="jest objęty gwarancją od {{ starts_on }} do {{ ends_on }} włącznie.",
        )
    ),
)
ENDED = Message(
    subject=_joined(FOR, en="has ended", de="ist beendet", tr="sona erdi", pl="zakończyła się"),
    text=_letter(
        Texts(
            en="is not covered any more from {{ ended_on }} on.",
            de="ist ab dem {{ ended_on }} nicht mehr gedeckt.",
            tr="{{ ended_on }} tarihinden itibaren garanti kapsamında değildir.",
            pl="od dnia {{ ended_on }} nie jest już objęty gwarancją.",
        )
    ),
)
STANDS = "{{ status }}\n\n{% if question %}{{ question }}\n\n{% endif %}\n{{ next_step }}\n\n{{ expected }}"
CLAIM = Message(
    subject=Texts(
        en="Your claim{% if product %} for {{ product }}{% endif %}",
        de="Ihre Reklamation{% if product %} zu {{ product }}{% endif %}",
        tr="{% if product %}{{ product }} için başvurunuz{% else %}Başvurunuz{% endif %}",
        pl="Zgłoszenie{% if product %} dotyczące produktu {{ product }}{% endif %}",
    ),
    text=_letter(Texts(en=STANDS, de=STANDS, tr=STANDS, pl=STANDS), None),
)
"""Of every state of a claim, and of what it lacks: the sentences of that state say the rest."""
TEST = Message(
    subject=Texts(en="A trial of the mails to your customers"),
    text=Texts(en="This is how mails of {{ merchant }} to customers arrive. Nothing has happened."),
)
TEXTS: Mapping[Occasion, Message] = MappingProxyType(
    {
        "warranty.activated.v1": COVERED,
        "warranty.extended.v1": COVERED,
        "warranty.reinstated.v1": COVERED,
        "warranty.transferred.v1": COVERED,
        "warranty.ended.v1": ENDED,
    }
)
