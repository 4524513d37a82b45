"""Sentences and passages of which it is known by hand whether one supports the other."""

from __future__ import annotations

import pytest

from sidecar.evaluation.sentences import sentences
from sidecar.evaluation.support import Ground, judge
from sidecar.evaluation.words import has_number, informative, names, readings, said, written_numbers

CABIN = "The gate code for the cabin is 4471-B.\nClaire Moreau changed it on 2024-03-12. The fee is 1,250.50 euros."


def unsupported(answer: str, *passages: str, links: tuple[str, ...] = ()) -> list[str]:
    named = [*links, *[""] * len(passages)]
    grounds = [Ground(text=text, link=link) for text, link in zip(passages, named, strict=False)]
    judged = judge(sentences(answer), grounds)
    assert judged.unjudged == 0
    return list(judged.unsupported)


@pytest.mark.parametrize(
    "sentence",
    [
        "The gate code for the cabin is 4471-B.",
        "For the cabin, the codes of the gates are 4471-B.",
        "The cabin's gate code was changed by Claire Moreau.",
        "The code changed on 12 March 2024.",
        "The gate code changed in March.",
        "The fee of the cabin is 1 250.5 euros.",
        "The fee is 1.250,50 euros.",
        "The fee of the cabin is ١٬٢٥٠٫٥ euros.",
    ],
)
def test_a_sentence_with_a_passages_words_numbers_and_names_is_supported(sentence: str) -> None:
    assert unsupported(sentence, CABIN) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "The gate code for the cabin is 4472-B.",
        "The gate code for the cabin was changed by Claire Dubois.",
        "The code of the cabin changed on 12 April 2024.",
        "The fee of the cabin is 125.05 euros.",
        "The fee of the cabin is 250 euros.",
        "The boiler repair took three weeks.",
        "The cabin has two bedrooms with a fireplace.",
    ],
)
def test_another_number_another_name_or_too_few_words_are_not(sentence: str) -> None:
    assert unsupported(sentence, CABIN) == [sentence]


@pytest.mark.parametrize(
    ("passage", "supported", "wrong"),
    [
        (
            "A reparação da caldeira custou 386 euros.",
            "As reparações custaram 386 euros.",
            "O jardim custou 386 contos.",
        ),
        ("La reparación de la caldera costó 386 euros.", "Las reparaciones costaron 386 euros.", "Costó 385 euros."),
        ("La riparazione della caldaia è costata 386 euro.", "La caldaia: riparazione 386 euro.", "Costata 385 euro."),
        ("La réparation de la chaudière a coûté 386 euros.", "Les réparations ont coûté 386 euros.", "Coûté 38 euros."),
        ("Die Reparatur des Kessels kostete 386 Euro.", "Der Kessel kostete 386 Euro.", "Der Garten kostete 385 Euro."),
        (
            "Ремонт котла стоил 386 евро, и это было не так дорого, как мы думали.",
            "Ремонты котлов стоили 386 евро.",
            "Ремонт крыши занял неделю.",
        ),
        ("锅炉维修花费了386欧元。", "维修锅炉花费386欧元。", "锅炉维修花费了385欧元。"),
        ("锅炉维修由王师傅完成。", "王师傅完成了锅炉维修。", "花园的灌溉系统坏了三天。"),
        ("ボイラーの修理は386ユーロでした。", "修理は386ユーロかかりました。", "庭の水道工事は来週です。"),
        ("보일러 수리비는 386유로였다.", "보일러 수리비 386유로.", "정원 울타리는 새로 칠했다."),
        ("ค่าซ่อมหม้อไอน้ำ 386 ยูโร", "ค่าซ่อมหม้อไอน้ำคือ 386 ยูโร", "สวนหลังบ้านมีต้นมะม่วงสองต้น"),
        ("كلف إصلاح الغلاية 386 يورو.", "إصلاح الغلاية كلف ٣٨٦ يورو.", "الحديقة تحتاج إلى سياج جديد."),
        ("बॉयलर की मरम्मत में 386 यूरो लगे।", "बॉयलर की मरम्मत: 386 यूरो।", "बगीचे में नई बाड़ चाहिए।"),
    ],
)
def test_it_is_so_in_every_language(passage: str, supported: str, wrong: str) -> None:
    assert unsupported(supported, passage) == []
    assert unsupported(wrong, passage) == [wrong]


def test_one_passage_has_to_support_a_sentence_or_those_that_it_cites_together() -> None:
    passages = ("The boiler repair cost 386 euros.", "The garden fence cost 120 euros.")
    both = "The boiler repair cost 386 euros and the garden fence 120 euros"
    assert unsupported(f"{both}.", *passages, links=("Boiler", "Garden")) != []
    assert unsupported(f"{both} [[Boiler]] [[Garden]].", *passages, links=("Boiler", "Garden")) == []
    assert unsupported(f"{both} [[Boiler]].", *passages, links=("Boiler", "Garden")) != []


def test_six_words_in_ten_are_enough_and_five_are_not() -> None:
    passage = "alpha bravo charlie delta echo foxtrot"
    assert unsupported("alpha bravo charlie delta echo foxtrot kilo lima mike november.", passage) == []
    assert unsupported("alpha bravo charlie delta echo juliett kilo lima mike november.", passage) != []


def test_without_passages_every_sentence_is_unsupported() -> None:
    judged = judge(sentences("The boiler cost 386 euros. The fence is green."), [])
    assert (judged.sentences, len(judged.unsupported)) == (2, 2)


def test_what_is_too_short_and_what_admits_something_is_not_judged() -> None:
    answer = "Yes. The boiler cost 386 euros. Your notes do not say who repaired it."
    judged = judge(sentences(answer), [Ground(text="The boiler cost 386 euros.")])
    assert (judged.sentences, judged.unsupported, judged.unjudged) == (1, (), 1)


def test_an_answer_in_another_language_than_all_its_passages_is_not_judged() -> None:
    answer = "A reparação da caldeira custou 386 euros e foi feita em março, antes de começar o inverno."
    english = Ground(text="The repair of the boiler was done in March and it cost 386 euros, before the winter came.")
    portuguese = Ground(text="As notas de Portugal são sobre a cidade do Porto, que fica no norte do país.")
    judged = judge(sentences(answer), [english])
    assert (judged.sentences, judged.unjudged) == (0, 1)
    assert judge(sentences(answer), [english], readable=[portuguese]).sentences == 1


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("12.03.2024 at 14:30, 007", ["12.03.2024", "14", "30", "007"]),
        ("1 250 or 1'250'000 or 2024 100", ["1250", "1250000", "2024", "100"]),
        ("४४७१ ４４７１ ٤٤٧١", ["4471", "4471", "4471"]),
    ],
)
def test_numbers_are_read_in_any_digits(text: str, numbers: list[str]) -> None:
    assert written_numbers(text) == numbers


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("1,200", {"1200", "1.2"}),
        ("1.5", {"1.5"}),
        ("2.00", {"2", "0"}),
        ("1.250,50", {"1250.5"}),
        ("007", {"7"}),
        ("12.03.2024", {"12", "3", "2024"}),
        ("1.234.567", {"1234567", "1234.567"}),
        ("0", {"0"}),
    ],
)
def test_a_number_is_what_its_separators_may_mean(written: str, found: set[str]) -> None:
    assert set(readings(written)) == found


@pytest.mark.parametrize(
    ("written", "text", "there"),
    [
        ("1200", "1,200", True),
        ("1,200", "1200", True),
        ("1.4", "4 and 1", False),
        ("12.03.2024", "2024-03-12", True),
        ("14.30", "14:30", True),
        ("14.31", "14:30", False),
        ("386", "3860", False),
    ],
)
def test_a_number_is_found_in_another_spelling(written: str, text: str, there: bool) -> None:
    assert has_number(said(text, language="en").numbers, written) is there


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Yesterday Claire Moreau came. On Monday I met “Tom” in March.", "en", ["Claire", "Moreau", "March"]),
        ("Gestern kam Claire ins Haus.", "de", []),
        ("Вчера Клара приехала.", "ru", ["Клара"]),
        ("锅炉 boiler", "zh", []),
    ],
)
def test_names_are_words_with_a_capital_that_begin_nothing(text: str, language: str, found: list[str]) -> None:
    assert names(text, language=language) == found


def test_informative_words_are_each_one_once_and_no_function_words_or_numbers() -> None:
    words = informative("The boilers and the boilers of 1987 are in the cellar.", language="en")
    assert [forms[0] for forms in words] == ["boilers", "cellar"]
    assert [forms[0] for forms in informative("котлы и котлы в подвале", language="ru")] == ["котлы", "подвале"]


@pytest.mark.parametrize(
    "text", ["1" * 500_000, "1." * 300_000, "1 000" * 200_000, "A" * 500_000, "锅" * 300_000, "'" * 300_000]
)
def test_long_monotonous_texts_are_judged_like_others(text: str) -> None:
    assert judge(sentences(text), [Ground(text=text)]).unsupported == ()
    assert written_numbers("9" * 10_000) != []
