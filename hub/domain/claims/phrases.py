"""What customers read of a claim where the merchant wrote nothing of his own: states, next steps and times."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from schemas.events.claim import Kind, State
from schemas.policies.parts import Texts

Step = Literal["send", "wait", "object", "answer", "told", "settled", "again"]
Wait = Literal["evidence", "looking", "answer", "review", "way", "nothing"]

ABOUT = Texts(
    en="Your claim for {product}",
    de="Ihre Reklamation zu {product}",
    tr="{product} için başvurunuz",
    pl="Zgłoszenie dotyczące produktu {product}",
)
BARE = Texts(en="Your claim", de="Ihre Reklamation", tr="Başvurunuz", pl="Zgłoszenie")
PRODUCT = Texts(en="your product", de="Ihr Produkt", tr="ürününüz", pl="produkt")
"""What a text of the merchant's calls a product whose name is not known."""

STATES: Mapping[State, Texts] = MappingProxyType(
    {
        "staged": Texts(
            en="{subject} is with us. Before we can decide, something is still open.",
            de="{subject} ist bei uns eingegangen. Bevor wir entscheiden können, ist noch etwas offen.",
            tr="{subject} bize ulaştı. Karar verebilmemiz için açık kalan bir nokta var.",
            pl="{subject} jest u nas. Zanim podejmiemy decyzję, trzeba jeszcze coś wyjaśnić.",
        ),
        "submitted": Texts(
            en="{subject} is complete and waits to be checked.",
            de="{subject} ist vollständig und wartet auf die Prüfung.",
            tr="{subject} tamamlandı ve incelenmeyi bekliyor.",
            pl="{subject} jest kompletne i czeka na sprawdzenie.",
        ),
        "under_review": Texts(
            en="{subject} is being checked.",
            de="{subject} wird gerade geprüft.",
            tr="{subject} inceleniyor.",
            pl="{subject} jest właśnie sprawdzane.",
        ),
        "awaiting_info": Texts(
            en="{subject} is on hold until you answer our question.",
            de="{subject} ruht, bis Sie unsere Frage beantwortet haben.",
            tr="{subject}, sorumuzu yanıtlamanızı bekliyor.",
            pl="{subject} czeka na odpowiedź na nasze pytanie.",
        ),
        "approved": Texts(
            en="{subject} is accepted.",
            de="{subject} ist anerkannt.",
            tr="{subject} kabul edildi.",
            pl="{subject} zostało uznane.",
        ),
        "partially_approved": Texts(
            en="{subject} is accepted in part.",
            de="{subject} ist teilweise anerkannt.",
            tr="{subject} kısmen kabul edildi.",
            pl="{subject} zostało uznane w części.",
        ),
        "denied": Texts(
            en="{subject} was not accepted.",
            de="{subject} wurde nicht anerkannt.",
            tr="{subject} kabul edilmedi.",
            pl="{subject} nie zostało uznane.",
        ),
        "resolved": Texts(
            en="{subject} is settled.",
            de="{subject} ist erledigt.",
            tr="{subject} sonuçlandı.",
            pl="{subject} zostało załatwione.",
        ),
        "cancelled": Texts(
            en="{subject} is closed without a decision.",
            de="{subject} ist ohne Entscheidung geschlossen.",
            tr="{subject} karar verilmeden kapatıldı.",
            pl="{subject} zostało zamknięte bez decyzji.",
        ),
    }
)
STEPS: Mapping[Step, Texts] = MappingProxyType(
    {
        "send": Texts(
            en="Please send us: {things}.",
            de="Bitte senden Sie uns noch Folgendes: {things}.",
            tr="Lütfen bize şunları gönderin: {things}.",
            pl="Prosimy przesłać to, czego brakuje: {things}.",
        ),
        "wait": Texts(
            en="You need not do anything now.",
            de="Sie müssen im Moment nichts tun.",
            tr="Şu anda bir şey yapmanız gerekmiyor.",
            pl="Na razie nie trzeba nic robić.",
        ),
        "object": Texts(
            en="If you think that this is wrong, please tell us and say why.",
            de="Wenn das aus Ihrer Sicht nicht stimmt, teilen Sie es uns bitte mit und sagen Sie, warum.",
            tr="Bunun yanlış olduğunu düşünüyorsanız lütfen nedeniyle birlikte bize bildirin.",
            pl="Jeśli to się nie zgadza, prosimy dać nam znać i napisać dlaczego.",
        ),
        "answer": Texts(
            en="Please answer our question.",
            de="Bitte beantworten Sie unsere Frage.",
            tr="Lütfen sorumuzu yanıtlayın.",
            pl="Prosimy odpowiedzieć na nasze pytanie.",
        ),
        "told": Texts(
            en="We arrange what follows and tell you about it.",
            de="Wir veranlassen alles Weitere und geben Ihnen Bescheid.",
            tr="Gerekenleri düzenleyip size haber vereceğiz.",
            pl="Zajmiemy się dalszym ciągiem i damy znać.",
        ),
        "settled": Texts(
            en="You need not do anything more.",
            de="Sie müssen nichts weiter tun.",
            tr="Başka bir şey yapmanız gerekmiyor.",
            pl="Nie trzeba nic więcej robić.",
        ),
        "again": Texts(
            en="If the trouble is still there, please report it again.",
            de="Wenn das Problem noch besteht, melden Sie es bitte erneut.",
            tr="Sorun sürüyorsa lütfen yeniden bildirin.",
            pl="Jeśli problem nadal występuje, prosimy zgłosić go ponownie.",
        ),
    }
)
GIVEN: Mapping[Kind, Texts] = MappingProxyType(
    {
        "replacement": Texts(
            en="You get another one in exchange.",
            de="Sie bekommen dafür ein anderes Gerät.",
            tr="Size yerine başka bir ürün verilecek.",
            pl="W zamian wydamy inny egzemplarz.",
        ),
        "repair": Texts(
            en="It will be repaired; we tell you where it has to go.",
            de="Das Gerät wird repariert; wir sagen Ihnen, wohin es muss.",
            tr="Ürün onarılacak; nereye gönderileceğini size bildireceğiz.",
            pl="Produkt zostanie naprawiony; powiemy, dokąd ma trafić.",
        ),
        "refund": Texts(
            en="You get your money back.",
            de="Sie bekommen Ihr Geld zurück.",
            tr="Ödemeniz size iade edilecek.",
            pl="Zwrócimy pieniądze.",
        ),
    }
)
"""What a customer gets. What a merchant settles with a supplier or by himself is none of it."""
WAITS: Mapping[Wait, Texts] = MappingProxyType(
    {
        "evidence": Texts(
            en="We go on as soon as everything is here, and tell you then.",
            de="Sobald alles da ist, machen wir weiter und geben Ihnen Bescheid.",
            tr="Her şey ulaşınca devam edip size haber vereceğiz.",
            pl="Gdy wszystko dotrze, od razu zajmiemy się sprawą i damy znać.",
        ),
        "looking": Texts(
            en="We tell you as soon as we know more.",
            de="Sobald wir mehr wissen, geben wir Ihnen Bescheid.",
            tr="Daha fazlasını öğrenince size haber vereceğiz.",
            pl="Damy znać, gdy tylko będziemy wiedzieć więcej.",
        ),
        "answer": Texts(
            en="We go on as soon as we have your answer, and tell you then.",
            de="Sobald wir Ihre Antwort haben, machen wir weiter und geben Ihnen Bescheid.",
            tr="Yanıtınız ulaşınca devam edip size haber vereceğiz.",
            pl="Gdy otrzymamy odpowiedź, od razu zajmiemy się sprawą i damy znać.",
        ),
        "review": Texts(
            en="We tell you as soon as it is decided.",
            de="Sobald entschieden ist, geben wir Ihnen Bescheid.",
            tr="Karar verilince size haber vereceğiz.",
            pl="Damy znać, gdy tylko zapadnie decyzja.",
        ),
        "way": Texts(
            en="We tell you as soon as there is a date.",
            de="Sobald ein Termin feststeht, geben wir Ihnen Bescheid.",
            tr="Tarih belli olunca size haber vereceğiz.",
            pl="Damy znać, gdy tylko będzie znany termin.",
        ),
        "nothing": Texts(
            en="There is nothing more to wait for.",
            de="Es steht nichts mehr aus.",
            tr="Beklenecek başka bir şey kalmadı.",
            pl="Na nic więcej nie trzeba czekać.",
        ),
    }
)
"""When customers hear from us, where nobody has written how long it takes."""
