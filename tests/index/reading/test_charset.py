"""Texts in old encodings come out as they were written, or are refused; never as nonsense."""

from __future__ import annotations

import pytest

from index.errors import Refused
from index.reading.charset import decode

TEXTS = [
    (
        "cp1252",
        "Le président a déclaré à l’Assemblée que les élèves français reçoivent désormais un "
        "enseignement gratuit, où qu’ils habitent, et que la réforme coûtera près de 12 "
        "millions d’euros cette année. « C’est une étape », a-t-il ajouté.",
    ),
    (
        "cp1252",
        "Die Bürgermeisterin sagte, die Brücke werde für alle geöffnet; größere Schäden gebe "
        "es nicht. Über die Kosten von 3,5 Millionen Euro werde später entschieden, so die "
        "Behörde.",
    ),
    (
        "cp1252",
        "El alcalde dijo que la reparación del puente costó más de 3 millones y que los niños"
        " podrán cruzarlo mañana. ¿Quién lo pagará? «Nosotros», respondió la señora Núñez.",
    ),
    (
        "cp1252",
        "O presidente disse que a ponte não será fechada até o verão; as obras custaram três "
        "milhões e a população já pode atravessá-la, segundo informações da câmara.",
    ),
    (
        "cp1252",
        "Il sindaco ha detto che il ponte è stato riaperto perché i lavori sono già finiti; "
        "la città pagherà più di tre milioni, ma non ci sarà alcun rincaro, così ha promesso.",
    ),
    (
        "cp1252",
        "Borgmesteren sagde, at broen åbner på tirsdag efter to års arbejde. Ingeniørerne "
        "fandt revner i fire af de ni piller, og det tog længere tid end forventet at gøre "
        "den færdig.",
    ),
    (
        "cp1252",
        "Forsætisráðherra sagði að brúin yrði opnuð á þriðjudag eftir tveggja ára viðgerðir. "
        "Verkfræðingar fundu sprungur í fjórum stöplum og það tók lengri tíma en áætlað var.",
    ),
    (
        "cp1252",
        "The café’s owner said the fee was £5 – “naïve”, critics called it – and nobody "
        "laughed at Zoë’s résumé when the council voted to reopen the bridge.",
    ),
    (
        "cp1250",
        "Burmistrz powiedział, że most zostanie otwarty we wtorek po dwóch latach napraw. "
        "Inżynierowie znaleźli pęknięcia w czterech z dziewięciu filarów, co trwało dłużej, "
        "niż planowano.",
    ),
    (
        "cp1250",
        "Starosta řekl, že most bude otevřen v úterý po dvou letech oprav. Inženýři našli "
        "trhliny ve čtyřech z devíti pilířů, což trvalo déle, než se plánovalo, a příliš "
        "žluťoučký kůň úpěl.",
    ),
    (
        "cp1250",
        "A polgármester azt mondta, hogy a hidat kedden nyitják meg két év javítás után. A "
        "mérnökök repedéseket találtak a kilenc pillér közül négyben, ami tovább tartott, "
        "mint tervezték; őszintén szűkös.",
    ),
    (
        "cp1254",
        "Belediye başkanı, köprünün iki yıl süren onarımın ardından salı günü açılacağını "
        "söyledi. Mühendisler dokuz ayağın dördünde çatlaklar buldu ve bu, planlanandan uzun "
        "sürdü; ığdır şöyle.",
    ),
    (
        "cp1251",
        "Мэр заявил, что мост откроют во вторник после двух лет ремонта. Инженеры нашли "
        "трещины в четырёх из девяти опор, и это заняло больше времени, чем планировалось.",
    ),
    (
        "koi8_r",
        "Мэр заявил, что мост откроют во вторник после двух лет ремонта. Инженеры нашли "
        "трещины в четырёх из девяти опор, и это заняло больше времени, чем планировалось.",
    ),
    (
        "cp1253",
        "Ο δήμαρχος είπε ότι η γέφυρα θα ανοίξει την Τρίτη μετά από δύο χρόνια επισκευών. Οι "
        "μηχανικοί βρήκαν ρωγμές σε τέσσερις από τους εννέα πυλώνες.",
    ),
    (
        "shift_jis",
        "市長は、二年間の修理を経て、橋が火曜日に再開されると述べた。技術者たちは九本の橋"
        "脚のうち四本にひび割れを見つけ、予定より長くかかった。",
    ),
    (
        "gb18030",
        "市长表示，经过两年的维修，大桥将于周二重新开放。工程师在九个桥墩中的四个发现了裂"
        "缝，所花的时间比计划的要长。",
    ),
    (
        "mac_roman",
        "Le président a déclaré à l’Assemblée que les élèves français reçoivent désormais un "
        "enseignement gratuit, où qu’ils habitent, et que la réforme coûtera près de 12 "
        "millions d’euros cette année.",
    ),
    (
        "cp850",
        "Le président a déclaré à l'Assemblée que les élèves français reçoivent désormais un "
        "enseignement gratuit, où qu'ils habitent, et que la réforme coûtera près de 12 "
        "millions d'euros cette année.",
    ),
]


@pytest.mark.parametrize("length", [20, 40, 80, 160, 800])
@pytest.mark.parametrize(("encoding", "text"), TEXTS)
def test_a_text_is_told_from_its_bytes(encoding: str, text: str, length: int) -> None:
    text = (f"{text} " * 6)[:length]
    try:
        found = decode(text.encode(encoding))
    except Refused:
        assert length <= 80  # there is too little of it to tell
        return
    if length > 40 or encoding == "cp1252":
        assert found == text


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_one_name_in_a_long_english_text(encoding: str) -> None:
    text = "The council voted to reopen the bridge after repairs, as had been planned. " * 40
    text += "Dvorák’s naïve œuvre, a Škoda and Zoë."
    assert decode(text.encode(encoding)) == text
