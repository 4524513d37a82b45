"""Questions answered from a real index, by the model that quotes and by a real GGUF model, and what changed since."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sidecar.chat import AnswerDelta, ChatRequest, answer
from sidecar.config import Config
from sidecar.errors import ContextLengthError, RequestError, UpstreamError
from sidecar.evaluation.answer_comparison import compare_answers, read_answers
from sidecar.evaluation.answer_report import (
    AnswerReport,
    ask_for_answers,
    report_answers,
    sample,
    shown_answers,
)
from sidecar.evaluation.answered import Answered, Unanswered
from sidecar.evaluation.grounds import Citations, look_up
from sidecar.evaluation.questions import Question
from sidecar.evaluation.reply import Answerer, Cited, ModelAnswerer, Reply
from sidecar.evaluation.targets import Aim, take_aim
from sidecar.inference.extractive import ExtractiveModel
from sidecar.inference.model import ChatModel, Completion, Delta
from sidecar.retrieval.conversation import Turn
from sidecar.runtime.runtime import open_runtime
from sidecar.runtime.vaults import OpenVault
from tests.evaluation.answers import source
from tests.evaluation.vault import opened

pytestmark = pytest.mark.anyio

QUESTIONS = (
    Question(
        line=1, text="What did the repair of the boiler cost?", expected={"Home/Boiler#Repair": 1}, answers=("386",)
    ),
    Question(line=2, text="How hot does green tea want to be?", expected={"Garden": 1}, tags=("tea",)),
    Question(line=3, text="Which xylophone won the zeppelin?", expected={}),
    Question(line=4, text="Which xylophone won the zeppelin?", expected={"Tea": 1}, language="xx"),
)


async def answers(vault: OpenVault, answerer: Answerer, questions: Sequence[Question]) -> list[Answered | Unanswered]:
    aims = await vault.read(lambda connection: take_aim(questions, connection, file=Path("q.jsonl")))

    async def find(aim: Aim, reply: Reply) -> Citations:
        return await vault.read(partial(look_up, aim, reply))

    async with aclosing(ask_for_answers(aims, answerer, find)) as outcomes:
        return [outcome async for outcome in outcomes]


def asking(vault: OpenVault, model: ChatModel) -> ModelAnswerer:
    def ask(request: ChatRequest, model: ChatModel) -> AsyncGenerator[AnswerDelta, None]:
        return answer(request, model=model, notes=vault)

    return ModelAnswerer(model, ask, options={"temperature": 0, "seed": 0})


@asynccontextmanager
async def quoting(folder: Path) -> AsyncIterator[list[Answered]]:
    async with opened(folder) as vault:
        found = await answers(vault, asking(vault, ExtractiveModel()), QUESTIONS)
        yield [each for each in found if isinstance(each, Answered)]


async def test_the_model_that_quotes_is_measured_over_a_real_index(folder: Path) -> None:
    async with quoting(folder) as found:
        repair, tea, nothing, silent = found
    assert "Home/Boiler.md#Repair" in repair.cited
    assert (repair.recall, repair.contains, repair.abstains) == (1.0, True, False)
    assert repair.judged.sentences >= 1
    assert repair.judged.unsupported == ()
    assert repair.reply.given
    assert repair.altered == 0
    assert (tea.recall, tea.precision, tea.abstains) == (0.0, 0.0, False)
    assert (nothing.abstains, nothing.cited, nothing.reply.given, nothing.faults) == (True, (), (), ())
    assert silent.faults == ("says that the notes hold no answer",)
    for each in found:
        assert each.reply.first_seconds is not None
        assert 0 < each.reply.first_seconds <= each.reply.seconds
        assert each.reply.completion_tokens


async def test_a_report_as_json_says_what_the_figures_say(folder: Path) -> None:
    async with quoting(folder) as found:
        report = report_answers(found, model="extractive", asked=5)
    told: dict[str, Any] = json.loads(json.dumps(shown_answers(report)))
    assert (told["model"], told["asked"], told["complete"]) == ("extractive", 5, False)
    assert told["overall"]["recall"] == pytest.approx(1 / 3, abs=1e-4)
    assert told["overall"]["abstained"] == 1.0
    assert told["tags"]["tea"]["questions"] == 1
    assert told["languages"]["xx"]["falsely_abstained"] == 1.0
    assert [each["line"] for each in told["results"]] == [1, 2, 3, 4]
    assert told["results"][0]["text"] == found[0].reply.text
    assert told["faulty"] == len(report.faulty) == 2


class Script:
    """A model that answers question by question, or fails."""

    name, generative, on_this_machine = "script", True, True

    def __init__(self, *says: str | Exception) -> None:
        self._says = list(says)
        self.asked: list[Completion] = []

    async def context_length(self) -> int | None:
        return 8192

    async def count_tokens(self, text: str) -> int:
        return len(text) // 4

    async def stream(self, completion: Completion) -> AsyncGenerator[Delta, None]:
        self.asked.append(completion)
        said = self._says.pop(0)
        if isinstance(said, Exception):
            raise said
        yield Delta(content=said)
        yield Delta(finish_reason="length")

    async def aclose(self) -> None: ...


async def test_an_error_is_of_its_question_alone(folder: Path) -> None:
    model = Script(
        ContextLengthError(needed=9000, available=8192),
        "Green tea wants 80 degrees [[Tea]] [[Invented]].",
        UpstreamError("The server is away.", hint="Start it."),
        "Your notes do not say it.",
    )
    async with opened(folder) as vault:
        first, tea, third, last = await answers(vault, asking(vault, model), QUESTIONS)
    assert isinstance(first, Unanswered)
    assert "9000" in first.problem
    assert isinstance(third, Unanswered)
    assert (third.problem, third.hint) == ("The server is away.", "Start it.")
    assert isinstance(tea, Answered)
    assert (tea.cited, tea.altered, tea.reply.cut) == (("Tea.md",), 1, True)
    assert isinstance(last, Answered)
    assert last.abstains
    report = report_answers([first, tea, third, last], model="script", asked=4)
    assert (report.complete, len(report.answered), report.overall.questions) == (True, 2, 2)
    assert [each["line"] for each in shown_answers(report)["unanswered"]] == [1, 3]


async def test_the_conversation_and_the_options_reach_the_model(folder: Path) -> None:
    earlier = (Turn(role="user", text="Tell me about the garden"), Turn(role="assistant", text="Beans."))
    question = Question(line=1, text="do they want poles?", expected={"Garden": 1}, earlier=earlier)
    model = Script("Hello", "Beans want poles [[Garden#Beans]].")
    async with opened(folder) as vault:
        answerer = asking(vault, model)
        await answerer.warm_up()
        (found,) = await answers(vault, answerer, [question])
    assert model.asked[0].options == {"max_tokens": 1}
    assert model.asked[1].options == {"temperature": 0, "seed": 0}
    said = [str(message["content"]) for message in model.asked[1].messages if message["role"] != "system"]
    assert said[:2] == ["Tell me about the garden", "Beans."]
    assert said[2].endswith("do they want poles?")
    assert isinstance(found, Answered)
    assert (found.cited, found.judged.unsupported) == (("Garden.md",), ())


async def test_a_section_is_cited_only_when_its_passage_is(folder: Path) -> None:
    wanted = Question(line=1, text="What do beans and peas want in the garden?", expected={"Garden#Peas": 1})
    model = Script("Peas climb [[Garden]].")
    async with opened(folder) as vault:
        (found,) = await answers(vault, asking(vault, model), [wanted])
    assert isinstance(found, Answered)
    assert found.recall == float("Garden.md#Peas" in found.cited) == 1.0


async def test_what_a_model_is_asked_besides_is_not_taken_for_its_answer() -> None:
    async def ask(request: ChatRequest, model: ChatModel) -> AsyncGenerator[AnswerDelta, None]:
        for sources in ((source("Boiler.md"),), ()):
            completion = Completion(messages=request.messages, sources=sources)
            async with aclosing(model.stream(completion)) as stream:
                async for delta in stream:
                    yield AnswerDelta(content=delta.content)

    reply = await ModelAnswerer(Script("One.", "Two."), ask, options={}).reply(QUESTIONS[0])
    assert (reply.written, reply.given) == ("One.", (source("Boiler.md"),))


@pytest.mark.parametrize(
    ("link", "line", "names", "held"),
    [
        ("Boiler", 6, ["Home/Boiler.md"], ["1.4 bar", "386 euros"]),
        ("Boiler#Repair", 12, ["Home/Boiler.md#Repair"], ["386 euros"]),
        ("Boiler#Pressure", 6, ["Home/Boiler.md"], ["1.4 bar"]),
    ],
)
async def test_a_citation_stands_for_all_that_it_leads_to(
    folder: Path, link: str, line: int, names: list[str], held: list[str]
) -> None:
    cited = Cited(path="Home/Boiler.md", link=link, start_line=line, end_line=line, text="")
    async with opened(folder) as vault:
        (aim,) = await vault.read(lambda connection: take_aim(QUESTIONS[:1], connection, file=Path("q.jsonl")))
        reply = Reply(text="", cited=(cited,), seconds=1, first_seconds=None)
        citations = await vault.read(partial(look_up, aim, reply))
    assert list(citations.names) == names
    assert [text for text in ("1.4 bar", "386 euros") if text in citations.grounds[0].text] == held


async def test_a_citation_that_the_index_does_not_have_counts_by_its_path(folder: Path) -> None:
    async with opened(folder) as vault:
        model = Script("Green tea wants 80 degrees [[Tea]].")
        (found,) = await answers(vault, asking(vault, model), QUESTIONS[1:2])
        assert isinstance(found, Answered)
        lost = replace(found.reply, cited=tuple(replace(each, path="Gone.md") for each in found.reply.cited))
        citations = await vault.read(partial(look_up, found.aim, lost))
    assert citations.names == ("Gone.md",)
    assert "80 degrees" in citations.grounds[0].text


async def test_a_model_file_is_measured_as_it_runs(copybot_gguf: Path, tmp_path: Path) -> None:
    vault_folder = tmp_path / "vault"
    vault_folder.mkdir()
    (vault_folder / "Cabin.md").write_text("The gate code for the cabin is 4471-B.", encoding="utf-8")
    config = Config(vaults=(vault_folder,), data_dir=tmp_path / "data", embedding_model="none", model=str(copybot_gguf))
    question = Question(line=1, text="What is the gate code for the cabin?", expected={"Cabin": 1}, answers=("4471-B",))
    async with open_runtime(config) as runtime:
        vault, target = runtime.vault(None), runtime.chat_target("vault")
        await vault.index(accept_removals=False)
        answerer = ModelAnswerer(
            target.model,
            lambda request, model: runtime.answer(replace(target, model=model), request),
            options={"temperature": 0, "seed": 1},
        )
        await answerer.warm_up()
        (found,) = await answers(vault, answerer, [question])
    assert isinstance(found, Answered)
    assert found.contains is True
    assert (found.abstains, found.recall) == (False, 1.0)
    assert found.judged.unsupported == ()
    assert found.reply.written is not None
    assert "4471-B" in found.reply.written
    assert found.reply.prompt_tokens


def questions(count: int) -> list[Question]:
    return [Question(line=line, text=f"question {line}", expected={}) for line in range(count)]


def test_a_sample_is_the_same_for_a_seed_and_stays_mostly_so_in_a_longer_file() -> None:
    every = questions(40)
    chosen = sample(every, 10, seed=1)
    assert chosen == sample(every, 10, seed=1) != sample(every, 10, seed=2)
    assert chosen == sorted(chosen, key=lambda question: question.line)
    assert len({question.line for question in chosen}) == 10
    longer = sample([*every, Question(line=40, text="one more", expected={})], 10, seed=1)
    assert len({question.key for question in longer} & {question.key for question in chosen}) >= 9
    assert sample(every, 40, seed=1) == sample(every, None, seed=1) == every
    assert len(sample([every[0]] * 3, 2, seed=0)) == 2


def result(**facts: Any) -> dict[str, Any]:
    return {
        "key": ["a"],
        "question": "a",
        "faults": [],
        "expected": {"N.md": 1},
        "precision": 1.0,
        "recall": 1.0,
        "contains": None,
        "sentences": 2,
        "unsupported": [],
        "abstains": False,
    } | facts


def test_answers_are_compared_over_the_questions_that_were_answered_both_times() -> None:
    before = [
        result(recall=0.0, precision=0.0, faults=["cites none"], unsupported=["x"]),
        result(key=["b"], question="b", expected={}, precision=None, recall=None, abstains=True),
        result(key=["c"], contains=True),
        result(key=["gone"]),
    ]
    after = [
        result(),
        result(key=["b"], question="b", expected={}, precision=None, recall=None, faults=["does not say so"]),
        result(key=["c"], contains=False, abstains=True),
        result(key=["new"]),
        result(key=["newer"]),
    ]
    found = compare_answers(before, after)
    assert (found.common, found.new, found.gone) == (3, 2, 1)
    assert [(each.question, each.faults) for each in found.mended] == [("a", ("cites none",))]
    assert [(each.question, each.faults) for each in found.broken] == [("b", ("does not say so",))]
    assert found.figures["precision"] == (0.5, 1.0)
    assert found.figures["recall"] == (0.5, 1.0)
    assert [round(share or 0, 4) for share in found.figures["unsupported"]] == [0.1667, 0.0]
    assert found.figures["abstained"] == (1.0, 0.0)
    assert found.figures["falsely_abstained"] == (0.0, 0.5)
    assert found.figures["contains"] == (1.0, 0.0)


async def test_what_was_kept_is_read_again(folder: Path, tmp_path: Path) -> None:
    async with quoting(folder) as found:
        report: AnswerReport = report_answers(found, model="extractive", asked=4)
    results = shown_answers(report)["results"]
    kept = tmp_path / "kept.json"
    kept.write_text(json.dumps({"answers": shown_answers(report)}), encoding="utf-8")
    assert read_answers(kept) == json.loads(json.dumps(results))
    assert compare_answers(read_answers(kept) or [], results).common == 3


def test_results_of_a_version_that_measured_no_answers_have_none(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"format": 1, "results": []}', encoding="utf-8")
    assert read_answers(tmp_path / "old.json") is None


@pytest.mark.parametrize(
    "kept",
    [
        "nonsense",
        "[]",
        "[" * 100_000,
        {"answers": []},
        {"answers": {"results": 3}},
        {"answers": {"results": [{}]}},
        {"answers": {"results": [result(precision="1")]}},
        {"answers": {"results": [result(faults=[1])]}},
        {"answers": {"results": [result(abstains=None)]}},
        {"answers": {"results": [result(sentences="many")]}},
        {"answers": {"results": [result(expected=[])]}},
    ],
)
def test_answers_that_cannot_be_read_are_refused(tmp_path: Path, kept: Any) -> None:
    path = tmp_path / "kept.json"
    path.write_text(kept if isinstance(kept, str) else json.dumps(kept), encoding="utf-8")
    with pytest.raises(RequestError, match="answers cannot be read"):
        read_answers(path)
