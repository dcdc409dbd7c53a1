"""Why a claim waits, was denied or was closed, as customers read it: a sentence for each code."""

from collections.abc import Mapping
from types import MappingProxyType

from schemas.policies.parts import Texts

REASONS: Mapping[str, Texts] = MappingProxyType(
    {
        "expired": Texts(
            en="The warranty had ended before the day it happened.",
            de="Die Garantie war am Tag des Vorfalls schon abgelaufen.",
            tr="Olay günü garanti süresi dolmuştu.",
            pl="W dniu zdarzenia gwarancja już wygasła.",
        ),
        "not_begun": Texts(
            en="The warranty had not begun yet on the day it happened.",
            de="Die Garantie hatte am Tag des Vorfalls noch nicht begonnen.",
            tr="Olay günü garanti henüz başlamamıştı.",
            pl="W dniu zdarzenia gwarancja jeszcze nie obowiązywała.",
        ),
        "cover_ended": Texts(
            en="The warranty was no longer valid on the day it happened.",
            de="Die Garantie galt am Tag des Vorfalls nicht mehr.",
            tr="Olay günü garanti artık geçerli değildi.",
            pl="W dniu zdarzenia gwarancja już nie obowiązywała.",
        ),
        "not_covered": Texts(
            en="The warranty does not include what happened.",
            de="Was geschehen ist, fällt nicht unter die Garantie.",
            tr="Yaşanan olay garantiye dahil değil.",
            pl="Gwarancja nie obejmuje tego, co się stało.",
        ),
        "excluded": Texts(
            en="What happened is among the things that the warranty leaves out.",
            de="Was geschehen ist, nimmt die Garantie ausdrücklich aus.",
            tr="Yaşanan olay, garantinin dışında bıraktığı durumlardan biri.",
            pl="To, co się stało, gwarancja wyraźnie wyłącza.",
        ),
        "customer_damage": Texts(
            en="The damage came from outside or from how it was used.",
            de="Der Schaden kam von außen oder durch die Art der Benutzung.",
            tr="Hasar dış etkenlerden ya da kullanım biçiminden kaynaklandı.",
            pl="Uszkodzenie powstało z zewnątrz albo przez sposób użytkowania.",
        ),
        "no_defect": Texts(
            en="We found no defect.",
            de="Wir haben keinen Mangel gefunden.",
            tr="Herhangi bir kusur bulamadık.",
            pl="Nie znaleźliśmy wady.",
        ),
        "unauthorised_repair": Texts(
            en="It had been repaired by somebody whom the warranty does not provide for.",
            de="Das Gerät war von jemandem repariert worden, den die Garantie nicht vorsieht.",
            tr="Ürün, garantinin öngörmediği biri tarafından onarılmıştı.",
            pl="Produkt naprawiał ktoś, kogo gwarancja nie przewiduje.",
        ),
        "wrong_owner": Texts(
            en="By our records the product belonged to somebody else on that day.",
            de="Nach unseren Unterlagen gehörte das Produkt an diesem Tag jemand anderem.",
            tr="Kayıtlarımıza göre ürün o gün başka birine aitti.",
            pl="Według naszych danych produkt należał wtedy do kogoś innego.",
        ),
        "no_warranty": Texts(
            en="We know of no warranty for this product.",
            de="Uns ist keine Garantie für dieses Produkt bekannt.",
            tr="Bu ürün için kayıtlı bir garanti bulamadık.",
            pl="Nie znamy żadnej gwarancji na ten produkt.",
        ),
        "too_late": Texts(
            en="It was reported too late.",
            de="Die Meldung kam zu spät.",
            tr="Bildirim çok geç yapıldı.",
            pl="Zgłoszenie przyszło za późno.",
        ),
        "duplicate": Texts(
            en="The same trouble was reported before; we go on with that report.",
            de="Dasselbe Problem wurde schon gemeldet; wir bearbeiten jene Meldung.",
            tr="Aynı sorun daha önce bildirildi; o bildirimle devam ediyoruz.",
            pl="Ten sam problem zgłoszono wcześniej; zajmujemy się tamtym zgłoszeniem.",
        ),
        "evidence_missing": Texts(
            en="Not everything that we need has reached us.",
            de="Uns liegt nicht alles vor, was wir brauchen.",
            tr="İhtiyacımız olan her şey elimize ulaşmadı.",
            pl="Nie dotarło do nas wszystko, czego potrzebujemy.",
        ),
        "other": Texts(
            en="After checking it we cannot accept it.",
            de="Nach der Prüfung können wir sie nicht anerkennen.",
            tr="İnceleme sonucunda kabul etmemiz mümkün olmadı.",
            pl="Po sprawdzeniu nie możemy go uznać.",
        ),
        "stock_missing": Texts(
            en="We are still looking up when and where the product was sold.",
            de="Wir suchen noch heraus, wann und wo das Produkt verkauft wurde.",
            tr="Ürünün ne zaman ve nerede satıldığını araştırıyoruz.",
            pl="Sprawdzamy jeszcze, kiedy i gdzie produkt został sprzedany.",
        ),
        "stock_different": Texts(
            en="Our records of the sale do not agree yet; we are looking into it.",
            de="Unsere Angaben zum Verkauf stimmen noch nicht überein; wir klären das.",
            tr="Satışla ilgili kayıtlarımız henüz birbirini tutmuyor; bunu araştırıyoruz.",
            pl="Nasze dane o sprzedaży jeszcze się nie zgadzają; wyjaśniamy to.",
        ),
        "evidence_never_came": Texts(
            en="What was missing did not reach us in time.",
            de="Was fehlte, ist nicht rechtzeitig bei uns eingegangen.",
            tr="Eksik olanlar bize zamanında ulaşmadı.",
            pl="To, czego brakowało, nie dotarło na czas.",
        ),
        "withdrawn": Texts(
            en="It was taken back.",
            de="Sie wurde zurückgezogen.",
            tr="Başvuru geri çekildi.",
            pl="Zostało wycofane.",
        ),
    }
)
OURS_TO_SETTLE = frozenset({"stock_missing", "stock_different"})
"""What a customer can do nothing about."""
