"""Answers that say that the notes hold nothing, in many languages, and sentences that only sound like it."""

from __future__ import annotations

import pytest

from sidecar.evaluation.abstaining import admits
from sidecar.evaluation.answered import abstaining
from sidecar.evaluation.own_words import spoken
from sidecar.evaluation.sentences import sentences
from sidecar.evaluation.support import Ground

ADMISSIONS = {
    "en": "I couldn’t find anything about the boiler in your notes.",
    "en, of the notes": "The notes do not say who won the championship.",
    "en, short": "That is not in your notes.",
    "en, passages": "None of the provided passages mention a gate code.",
    "pt": "Não encontrei nada sobre isso nas suas notas.",
    "pt, of the notes": "As suas notas não mencionam o código do portão.",
    "es": "No encontré información sobre la caldera en tus notas.",
    "es, of the notes": "Tus notas no dicen quién ganó.",
    "it": "Non ho trovato nulla nelle tue note.",
    "it, of the notes": "Le tue note non menzionano il codice.",
    "fr": "Je n’ai rien trouvé à ce sujet dans vos notes.",
    "fr, of the notes": "Vos notes ne mentionnent pas le code du portail.",
    "de": "Dazu habe ich in deinen Notizen nichts gefunden.",
    "de, of the notes": "Deine Notizen enthalten keine Angaben zum Torcode.",
    "nl": "In je notities staat niets over de ketel.",
    "sv": "Jag hittade inget om pannan i dina anteckningar.",
    "pl": "W twoich notatkach nie ma informacji o kotle.",
    "ru": "В ваших заметках нет информации о котле.",
    "ru, I": "Я не нашёл ответа.",
    "uk": "У ваших нотатках немає інформації про котел.",
    "tr": "Notlarınızda kazanla ilgili bilgi bulunmuyor.",
    "id": "Tidak ada informasi tentang hal ini dalam catatan Anda.",
    "vi": "Tôi không tìm thấy thông tin này trong ghi chú của bạn.",
    "zh": "无法在笔记中找到相关信息。",
    "zh, short": "您的笔记中没有提到锅炉。",
    "zh, traditional": "您的筆記中沒有相關資訊。",
    "ja": "ノートにはその情報が見つかりませんでした。",
    "ja, of the notes": "メモには門のコードについての記載がありません。",
    "ko": "노트에서 해당 정보를 찾을 수 없습니다.",
    "th": "ไม่พบข้อมูลเกี่ยวกับหม้อไอน้ำในบันทึกของคุณ",
    "ar": "لم أجد أي معلومات عن ذلك في ملاحظاتك.",
    "fa": "در یادداشت‌های شما اطلاعاتی درباره آن یافت نشد.",
    "hi": "आपके नोट्स में इसके बारे में कोई जानकारी नहीं मिली।",
    "he": "לא מצאתי מידע על כך בהערות שלך.",
}
ANSWERS = (
    "The gate code for the cabin is 4471-B.",
    "Do not forget to close the valve.",
    "According to your notes, the boiler cost 386 euros.",
    "Nothing grows on the north side.",
    "A caldeira não funciona no inverno.",
    "La caldera no funciona.",
    "Non funziona la caldaia.",
    "La chaudière ne marche pas.",
    "Der Kessel funktioniert nicht.",
    "Котёл не работает.",
    "锅炉不工作。",
    "根据笔记，密码是4471。",
    "ボイラーは動きません。",
    "보일러가 작동하지 않습니다.",
    "หม้อไอน้ำไม่ทำงาน",
    "الغلاية لا تعمل.",
    "बॉयलर काम नहीं करता।",
)
CABIN = Ground(text="The gate code for the cabin is 4471-B. We could not find notes about the shed.", link="Cabin")


@pytest.mark.parametrize("sentence", ADMISSIONS.values(), ids=list(ADMISSIONS))
def test_a_sentence_that_says_that_the_notes_hold_nothing_is_known(sentence: str) -> None:
    assert admits(sentence)


@pytest.mark.parametrize("sentence", ANSWERS)
def test_a_sentence_that_denies_something_else_is_none(sentence: str) -> None:
    assert not admits(sentence)


def test_what_the_model_that_quotes_says_when_it_has_nothing_is_known_in_each_of_its_languages() -> None:
    said = [phrases.nothing for phrases in spoken()]
    assert len(set(said)) >= 6
    assert [text for text in said if not admits(text)] == []


@pytest.mark.parametrize(
    ("text", "abstains"),
    [
        ("Your notes do not mention a gate code.", True),
        ("Your notes do not mention a gate code. You could ask the owner.", True),
        # What a model that cites nothing is given at the end is none of its own.
        ("Your notes do not mention the gate code for the cabin.\n\n[[Cabin]]", True),
        ("The notes [[Cabin]] and [[Home]] do not mention the gate code of the shed.", True),
        ("Your notes do not mention a shed. The code of the cabin is 4471-B [[Cabin]].", False),
        ("The gate code for the cabin is 4471-B. Your notes do not say who changed it.", False),
        ("You could ask the owner. Your notes do not mention it.", True),
        ("> We could not find notes about the shed.\n\n — [[Cabin]]", False),
        ("> We could not find notes about the shed.\n\n[[Cabin]]", False),
        ("The gate code for the cabin is 4471-B.", False),
        ("", False),
    ],
)
def test_an_answer_abstains_when_it_says_so_and_nothing_more(text: str, abstains: bool) -> None:
    assert abstaining(text, sentences(text), [CABIN]) is abstains


@pytest.mark.parametrize(
    "text", ["not " * 100_000, "没" * 300_000, "[[" * 200_000, "n't note " * 50_000, "\0" * 100_000]
)
def test_a_long_monotonous_text_is_no_admission_and_no_fault(text: str) -> None:
    assert not admits(text)
    assert not abstaining(text, sentences(text), [CABIN])
