"""Files of questions as people write them, and what is said of those that cannot be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.errors import RequestError
from sidecar.evaluation.questions import Question, read_questions
from sidecar.retrieval.conversation import Turn


def write(folder: Path, *lines: str | dict[str, Any]) -> Path:
    path = folder / "questions.jsonl"
    text = "\n".join(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_question_is_read_with_all_that_its_line_says(tmp_path: Path) -> None:
    (question,) = read_questions(
        write(
            tmp_path,
            "",
            {
                "question": "E quanto custa?",
                "expected": ["Condomínio", "Casa/Contas.md#Água"],
                "grades": {"Condomínio": 3},
                "not": ["Diário"],
                "conversation": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Fala do condomínio"},
                    {"role": "assistant", "content": "…"},
                ],
                "answer": ["47,50", "47.50"],
                "language": "pt",
                "tags": ["custos"],
                "comment": "a key of one's own",
            },
        )
    )
    assert question == Question(
        line=2,
        text="E quanto custa?",
        expected={"Condomínio": 3, "Casa/Contas.md#Água": 1},
        unwanted=("Diário",),
        earlier=(Turn(role="user", text="Fala do condomínio"), Turn(role="assistant", text="…")),
        answers=("47,50", "47.50"),
        language="pt",
        tags=("custos",),
    )


@pytest.mark.parametrize(
    ("record", "text", "expected"),
    [
        ({"query": "a", "notes": ["N"]}, "a", {"N": 1}),
        ({"text": "a", "notes": "N"}, "a", {"N": 1}),
        ({"question": "a", "expected": []}, "a", {}),
        ({"question": "a", "expected": ["N", "N"]}, "a", {"N": 1}),
        ({"question": "a", "expected": ["N", "M"], "grades": {"M": 0}}, "a", {"N": 1, "M": 0}),
        ({"question": "a\u2028b", "expected": ["N"]}, "a\u2028b", {"N": 1}),
    ],
)
def test_simple_forms_are_read(tmp_path: Path, record: dict[str, Any], text: str, expected: dict[str, int]) -> None:
    (question,) = read_questions(write(tmp_path, record))
    assert (question.text, question.expected) == (text, expected)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "is not JSON: Expecting value at column 1"),
        ('{"question": "a", "expected": ["N"]', "is not JSON"),
        ("[" * 1_000_000, "is not JSON"),
        ("9" * 10_000, "is not JSON"),
        ('["a"]', "is not a JSON object"),
        ({"expected": ["N"]}, "has no 'question'"),
        ({"question": " ", "expected": ["N"]}, "'question' has to be a text"),
        ({"question": "a"}, "should find nothing has the empty list"),
        ({"question": "a", "expcted": ["N"]}, "is 'expected' meant?"),
        ({"question": "a", "expected": ["N"], "grade": {}}, "is 'grades' meant?"),
        ({"question": "a", "expected": [3]}, "'expected' has to be a list of texts"),
        ({"question": "a", "expected": ["N"], "grades": {"M": 1}}, "'M', which 'expected' does not"),
        ({"question": "a", "expected": ["N"], "grades": {"N": 11}}, "from 0 to 10"),
        ({"question": "a", "expected": ["N"], "grades": {"N": True}}, "from 0 to 10"),
        ({"question": "a", "expected": ["N"], "grades": {"N": 0}}, "have the grade 0"),
        ({"question": "a", "expected": ["N"], "conversation": ["b"]}, "'role' and a 'content'"),
        ({"question": "a", "expected": ["N"], "conversation": [{"role": "x", "content": "b"}]}, "'role'"),
        ({"question": "a", "expected": ["N"], "language": 3}, "'language' has to be a text"),
        ({"question": "a", "expected": ["N"], "answer": 3}, "'answer' has to be a list of texts"),
        ({"question": "a", "expected": ["N"], "anwser": "b"}, "is 'answer' meant?"),
        ({"question": "a", "expected": [], "answer": "b"}, "has an 'answer' that no note holds"),
    ],
)
def test_a_wrong_line_is_named_with_what_is_wrong_and_an_example(
    tmp_path: Path, line: str | dict[str, Any], said: str
) -> None:
    with pytest.raises(RequestError) as caught:
        read_questions(write(tmp_path, {"question": "right", "expected": ["N"]}, line))
    assert "questions.jsonl, line 2: " in caught.value.message
    assert said in caught.value.message
    assert '"expected": ["Cabin"]' in (caught.value.hint or "")


def test_all_wrong_lines_are_named_at_once_and_many_are_counted(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        read_questions(write(tmp_path, *["x"] * 8))
    assert [line.partition(":")[0] for line in caught.value.message.split("\n")] == [
        "questions.jsonl, line 1",
        *(f"line {number}" for number in range(2, 6)),
        "and 3 more",
    ]


@pytest.mark.parametrize(("content", "said"), [(b"\n\n", "holds no question"), (b"\xff\xfe\xfa", "not UTF-8")])
def test_a_file_without_questions_is_said_to_be_one(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "questions.jsonl").write_bytes(content)
    with pytest.raises(RequestError, match=said):
        read_questions(tmp_path / "questions.jsonl")
    with pytest.raises(RequestError, match="cannot be read"):
        read_questions(tmp_path / "none.jsonl")


def test_a_byte_order_mark_and_windows_line_ends_make_no_difference(tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").write_bytes(b'\xef\xbb\xbf{"question": "a", "expected": ["N"]}\r\n\r\n')
    assert [question.text for question in read_questions(tmp_path / "questions.jsonl")] == ["a"]


def test_half_a_character_is_no_reason_to_fail(tmp_path: Path) -> None:
    (question,) = read_questions(write(tmp_path, '{"question": "a\\ud800", "expected": ["N\\udfff"]}'))
    assert (question.text, list(question.expected)) == ("a?", ["N?"])


def test_a_collection_in_the_format_of_beir_is_read_with_its_judgements(tmp_path: Path) -> None:
    queries = tmp_path / "queries.jsonl"
    queries.write_text('{"_id": "1", "text": "a", "metadata": {}}\n{"_id": 2, "text": "b"}\n', encoding="utf-8")
    qrels = tmp_path / "qrels.tsv"
    qrels.write_text("query-id\tcorpus-id\tscore\n2\tD1\t2\r\n2\tD2\t0\n2\tD3\t-1\n", encoding="utf-8")
    assert [(q.text, q.expected) for q in read_questions(queries)] == [("b", {"D1": 2, "D2": 0, "D3": 0})]
    qrels.write_text("2\tD1\t2\n2 D1 1\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"qrels\.tsv, line 2"):
        read_questions(queries)


@pytest.mark.parametrize(
    ("metadata", "answers"),
    [
        ({"answers": ["308", " ", 3]}, ("308",)),
        ({"answers": "308"}, ()),
        ({}, ()),
        ("308", ()),
        (None, ()),
    ],
)
def test_a_collections_known_answers_are_read_as_far_as_they_are_texts(
    tmp_path: Path, metadata: Any, answers: tuple[str, ...]
) -> None:
    lines = [{"_id": name, "text": name, "metadata": metadata} for name in ("judged", "unjudged")]
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("judged\tD1\t1\n", encoding="utf-8")
    assert [(each.text, each.answers) for each in read_questions(tmp_path / "queries.jsonl")] == [("judged", answers)]


@given(st.text(max_size=60) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_any_text_is_a_question_or_a_mistake_and_never_a_fault(
    tmp_path_factory: pytest.TempPathFactory, line: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_bytes(line.encode("utf-8", "surrogatepass"))
    with pytest.raises(RequestError):
        read_questions(path)
