"""A file of questions with the notes that should answer them, one JSON object a line. Knows no vault.

    {"question": "What is the gate code?", "expected": ["Cabin", "Travel/Keys.md#Codes"], "grades": {"Cabin": 2},
     "answer": "4471-B"}

`query` or `text` may stand for `question`, `notes` for `expected`. A file called `queries.jsonl` with a `qrels.tsv`
beside it, as in the BEIR collections, takes what it expects from there. A question that should find nothing says so
with an empty list: forgetting the key is a mistake, and so is a key that is nearly one of these.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sidecar.errors import RequestError
from sidecar.evaluation.measures import MAX_GRADE
from sidecar.retrieval.conversation import Turn

QUESTION_KEYS = ("question", "query", "text")
EXPECTED_KEYS = ("expected", "notes")
_KEYS = (*QUESTION_KEYS, *EXPECTED_KEYS, "not", "conversation", "grades", "answer", "language", "tags")
_ROLES = ("user", "assistant")
# Nearer than "notes" is to "not" (0.75), not as near as "grade" is to "grades" (0.91).
_TYPING_MISTAKE = 0.8
_MOST_TOLD = 5
_EXAMPLE = '{"question": "What is the gate code?", "expected": ["Cabin"]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question and what it should find, as its author wrote it."""

    line: int
    text: str
    expected: Mapping[str, int]
    """Grade (1 to 10) of each note that answers it, by the name, path or `Note#Heading` that was written."""
    unwanted: tuple[str, ...] = ()
    """Notes that should not be among the first."""
    earlier: tuple[Turn, ...] = ()
    """The conversation before the question, oldest first."""
    answers: tuple[str, ...] = ()
    """What an answer has to say, in several spellings or wordings: any of them will do."""
    language: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from other questions, also in a later run of a file that has changed."""
        return (*(turn.text for turn in self.earlier), self.text)


@dataclass(slots=True)
class Mistakes:
    """What is wrong with a file of questions, gathered, so that its author need not run again for each."""

    path: Path
    told: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, line: int, text: str) -> None:
        """Note that something is wrong in a line."""
        self.count += 1
        if len(self.told) < _MOST_TOLD:
            self.told.append(f"line {line}: {text}")

    def raise_any(self, *, hint: str) -> None:
        """Raise RequestError if there is a mistake."""
        if self.count:
            more = [f"and {self.count - len(self.told)} more"] if self.count > len(self.told) else []
            raise RequestError(f"{self.path.name}, " + "\n".join([*self.told, *more]), param="questions", hint=hint)


def read_questions(path: Path) -> list[Question]:
    """Read a file of questions. Raises RequestError naming the lines that are wrong, or the file if it is none."""
    lines = _lines(path)
    judged = path.name == "queries.jsonl" and path.with_name("qrels.tsv").is_file()
    judgements = read_judgements(path.with_name("qrels.tsv")) if judged else None
    mistakes = Mistakes(path)
    questions = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                question = _question(number, _record(line, judgements))
            except ValueError as error:
                mistakes.add(number, str(error))
            else:
                questions.append(question)
    mistakes.raise_any(hint=f"One JSON object a line, such as {_EXAMPLE}")
    # Collections hold questions that nobody judged; a question of one's own is always meant.
    questions = [each for each in questions if each.expected] if judgements is not None else questions
    if not questions:
        raise RequestError(f"{path.name} holds no question.", param="questions", hint=f"A line of it: {_EXAMPLE}")
    return questions


def read_judgements(path: Path) -> dict[str, dict[str, int]]:
    """Grades by document by question of a `qrels.tsv`: question, document and grade, parted by tabs, perhaps with a
    line of titles. Raises RequestError.
    """
    mistakes = Mistakes(path)
    judgements: dict[str, dict[str, int]] = {}
    for number, line in enumerate(_lines(path), start=1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip() or (number == 1 and cells[-1] == "score"):
            continue
        try:
            question, document, grade = cells
            judgements.setdefault(question, {})[document] = _grade(int(grade))
        except ValueError:
            mistakes.add(number, "is not a question, a document and a whole number, parted by tabs")
    mistakes.raise_any(hint="The three columns are query-id, corpus-id and score.")
    return judgements


def _lines(path: Path) -> list[str]:
    try:
        # Not splitlines(): a line separator may stand in a string.
        return path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{path.name} is not UTF-8 text.", param="questions", hint="Save it with the encoding UTF-8."
        ) from error
    except OSError as error:
        raise RequestError(
            f"{path} cannot be read: {error.strerror or error}.",
            param="questions",
            hint=f"It is a text file with a JSON object a line, such as {_EXAMPLE}",
        ) from error


def _record(line: str, judgements: Mapping[str, Mapping[str, int]] | None) -> Mapping[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"is not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError("is not JSON that can be read") from error
    if not isinstance(record, dict):
        raise ValueError("is not a JSON object")
    if judgements is None:
        return record
    grades = dict(judgements.get(str(record.get("_id")), {}))
    answers = _known_answers(record.get("metadata")) if grades else []
    return {"text": record.get("text"), "expected": list(grades), "grades": grades, "answer": answers}


def _known_answers(metadata: Any) -> list[str]:
    """Answers that a collection made of one for reading comprehension keeps beside its questions."""
    answers = metadata.get("answers") if isinstance(metadata, dict) else None
    return [each for each in answers if isinstance(each, str) and each.strip()] if isinstance(answers, list) else []


def _question(line: int, record: Mapping[str, Any]) -> Question:
    _refuse_misspelled(record)
    text = _one_of(record, QUESTION_KEYS)
    if not isinstance(text, str) or not text.strip():
        raise ValueError("'question' has to be a text")
    names = _names(_one_of(record, EXPECTED_KEYS), EXPECTED_KEYS[0])
    grades = _grades(record.get("grades", {}))
    if strange := sorted(grades.keys() - set(names)):
        raise ValueError(f"'grades' names {strange[0]!r}, which 'expected' does not")
    expected = {name: grades.get(name, 1) for name in names}
    if names and not any(expected.values()):
        raise ValueError("all notes that it expects have the grade 0")
    answers = _names(record.get("answer", []), "answer")
    if answers and not names:
        raise ValueError("has an 'answer' that no note holds: 'expected' is empty")
    language = record.get("language")
    if language is not None and not isinstance(language, str):
        raise ValueError("'language' has to be a text, such as \"pt\"")
    return Question(
        line=line,
        text=_whole(text),
        expected=expected,
        unwanted=_names(record.get("not", []), "not"),
        earlier=_earlier(record.get("conversation", [])),
        answers=answers,
        language=language or None,
        tags=_names(record.get("tags", []), "tags"),
    )


def _refuse_misspelled(record: Mapping[str, Any]) -> None:
    for key in record:
        if key not in _KEYS and (near := difflib.get_close_matches(key[:40], _KEYS, n=1, cutoff=_TYPING_MISTAKE)):
            raise ValueError(f"has a key {key!r}: is {near[0]!r} meant?")


def _one_of(record: Mapping[str, Any], keys: Sequence[str]) -> Any:
    for key in keys:
        if key in record:
            return record[key]
    empty = "; a question that should find nothing has the empty list" if keys is EXPECTED_KEYS else ""
    raise ValueError(f"has no {keys[0]!r}{empty}")


def _names(value: Any, key: str) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError(f"{key!r} has to be a list of texts")
    return tuple(dict.fromkeys(map(_whole, names)))


def _grades(value: Any) -> dict[str, int]:
    if not isinstance(value, dict):
        raise ValueError("'grades' has to be an object of notes and whole numbers")
    return {_whole(name): _grade(grade) for name, grade in value.items()}


def _grade(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value > MAX_GRADE:
        raise ValueError(f"a grade is a whole number from 0 to {MAX_GRADE}")
    return max(value, 0)


def _earlier(value: Any) -> tuple[Turn, ...]:
    if not isinstance(value, list):
        raise ValueError("'conversation' has to be a list of messages")
    return tuple(turn for message in value if (turn := _turn(message)) is not None)


def _turn(message: Any) -> Turn | None:
    wrong = "'conversation' holds messages with a 'role' and a 'content', as clients of OpenAI send them"
    if not isinstance(message, dict) or not isinstance(message.get("content"), str):
        raise ValueError(wrong)
    if message.get("role") == "system":
        return None
    if message.get("role") not in _ROLES:
        raise ValueError(wrong)
    return Turn(role="user" if message["role"] == "user" else "assistant", text=_whole(message["content"]))


def _whole(text: str) -> str:
    """The text without halves of characters, which JSON can spell and nothing can store."""
    return text.encode("utf-8", "replace").decode("utf-8")
