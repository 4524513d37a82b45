from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sidecar.errors import ConfigError
from sidecar.hardware.machine import Machine
from sidecar.models.catalogue import load_catalogue
from sidecar.models.found import FoundModel
from sidecar.setup.advice import advice
from sidecar.setup.counting import Count
from sidecar.setup.facts import setup_facts
from sidecar.setup.login import ServiceState
from sidecar.setup.models import ModelOption, careful, options
from sidecar.setup.proposal import Answers, Proposal, propose
from sidecar.setup.rows import rows
from sidecar.setup.survey import Survey
from sidecar.upstream.listing import UpstreamModel
from tests.local_models.machines import apple, laptop, with_card
from tests.setup.made import LM_STUDIO, OLLAMA, server, settings, survey_of, vault

QWEN = ModelOption(
    name="qwen3:4b", purpose="chat", where="Ollama", upstream=OLLAMA, parameters=4_000_000_000, memory=3 * 2**30
)
LARGE = ModelOption(
    name="big-70b", purpose="chat", where="LM Studio", parameters=70_000_000_000, memory=40 * 2**30,
    problem="does not fit: it needs 40.0 GiB, 5.0 GiB are free",
)  # fmt: skip
FILE = ModelOption(name="phi-4-mini", purpose="chat", where="LM Studio", parameters=3_800_000_000, memory=3 * 2**30)
TOY = ModelOption(name="stories-15m", purpose="chat", where="Hugging Face cache", parameters=15_000_000, memory=10**8)
EMBEDDING = ModelOption(name="bge-m3", purpose="embedding", where="Ollama", upstream=OLLAMA)
SLOW = ModelOption(
    name="gemma-27b", purpose="chat", where="Ollama", upstream=OLLAMA, parameters=27_000_000_000, slow=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    survey: Survey
    model: str | None
    upstream: str | None = None
    says: str


CASES = {
    "a laptop of 8 GB without models": Case(survey=survey_of(), model=None, says="no model that writes was found"),
    "Ollama runs": Case(survey=survey_of(QWEN), model="qwen3:4b", upstream=OLLAMA, says="Ollama runs here"),
    "LM Studio's file does not fit": Case(survey=survey_of(LARGE), model=None, says="big-70b does not fit"),
    "one fits beside one that does not": Case(survey=survey_of(FILE, LARGE), model="phi-4-mini", says="LM Studio"),
    "a server's model goes before a file of its size": Case(
        survey=survey_of(FILE, QWEN), model="qwen3:4b", upstream=OLLAMA, says="Ollama"
    ),
    "a toy is not proposed": Case(survey=survey_of(TOY), model=None, says="too small"),
    "the quicker goes before the larger": Case(survey=survey_of(SLOW, FILE), model="phi-4-mini", says="already here"),
    "an embedding model writes nothing": Case(survey=survey_of(EMBEDDING), model=None, says="quotations"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_chat_model_is_chosen_for_a_reason(case: Case, tmp_path: Path) -> None:
    proposal = propose(case.survey, Answers(), settings(tmp_path))
    assert (proposal.model, proposal.upstream) == (case.model, case.upstream)
    assert case.says in proposal.chat_reason
    assert proposal.embedding == "builtin"
    assert proposal.generative == (case.model is not None)
    told = " ".join(advice(case.survey, proposal))
    assert (told == "") == proposal.generative
    assert ("sidecar models pull" in told) == (not proposal.generative)


def test_vaults_that_cannot_be_read_are_not_proposed_unless_the_settings_name_them(tmp_path: Path) -> None:
    away = vault("/away", origin="obsidian", problem="gone", count=None)
    kept = vault("/kept", origin="settings", problem="gone", count=None)
    survey = survey_of(vaults=(kept, away, vault("/here")))
    assert [each.path.name for each in propose(survey, Answers(), settings(tmp_path)).vaults] == ["here"]
    found = propose(survey, Answers(), settings(tmp_path), decided=frozenset({"vaults"}))
    assert [each.path.name for each in found.vaults] == ["kept"]


def test_what_the_settings_decide_stays_and_an_answer_changes_it(tmp_path: Path) -> None:
    current = settings(tmp_path, f'model = "mine"\nupstream = "{LM_STUDIO}"\nembedding_model = "none"\n')
    decided = frozenset({"model", "upstream", "embedding_model"})
    survey = survey_of(QWEN, FILE)

    def proposed(answers: Answers) -> tuple[str | None, str | None, str]:
        made = propose(survey, answers, current, decided=decided)
        return made.model, made.upstream, made.embedding

    assert proposed(Answers()) == ("mine", LM_STUDIO, "none")
    assert proposed(Answers(model="other")) == ("other", LM_STUDIO, "none")
    assert proposed(Answers(model="qwen3:4b")) == ("qwen3:4b", OLLAMA, "none")
    assert proposed(Answers(model="/m/x.gguf")) == ("/m/x.gguf", None, "none")
    assert proposed(Answers(upstream="none")) == ("phi-4-mini", None, "none")
    assert proposed(Answers(model="none", embedding="builtin")) == (None, None, "builtin")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        (Answers(model="none"), (None, None)),
        (Answers(model="none", upstream=OLLAMA), ("extractive", OLLAMA)),
        (Answers(upstream=LM_STUDIO), (None, LM_STUDIO)),
        (Answers(model="x", upstream=LM_STUDIO), ("x", LM_STUDIO)),
        (Answers(model="qwen3:4b", upstream="none"), ("qwen3:4b", None)),
        (Answers(model="none", embedding="bge-m3"), ("extractive", OLLAMA)),
    ],
)
def test_answers_go_before_what_is_found(
    tmp_path: Path, answers: Answers, expected: tuple[str | None, str | None]
) -> None:
    proposal = propose(survey_of(QWEN, EMBEDDING), answers, settings(tmp_path))
    assert (proposal.model, proposal.upstream) == expected


def test_models_of_two_servers_do_not_go_together(tmp_path: Path) -> None:
    answers = Answers(model="x", upstream=LM_STUDIO, embedding="bge-m3")
    with pytest.raises(ConfigError, match="to be asked at"):
        propose(survey_of(EMBEDDING), answers, settings(tmp_path))


def test_without_the_built_in_embedding_search_runs_on_words(tmp_path: Path) -> None:
    proposal = propose(survey_of(embedding_problem="The package x is not installed."), Answers(), settings(tmp_path))
    assert (proposal.embedding, "not installed" in proposal.embedding_reason) == ("none", True)


@pytest.mark.parametrize(
    ("service", "answer", "decided", "expected"),
    [
        (ServiceState(problem=None), None, frozenset(), True),
        (ServiceState(problem=None), None, frozenset({"vaults"}), False),
        (ServiceState(problem=None, installed=True), None, frozenset({"vaults"}), True),
        (ServiceState(problem="no systemd"), None, frozenset(), False),
        (ServiceState(problem=None), False, frozenset(), False),
        (ServiceState(problem="no systemd"), True, frozenset(), True),
    ],
)
def test_the_service_is_proposed_where_it_can_be_and_was_not_declined(
    tmp_path: Path, service: ServiceState, answer: bool | None, decided: frozenset[str], expected: bool
) -> None:
    proposal = propose(survey_of(service=service), Answers(service=answer), settings(tmp_path), decided=decided)
    assert proposal.service is expected


def shown(survey: Survey, proposal: Proposal) -> str:
    return "\n".join(f"{row.number} {row.label}: {row.value} ({row.reason})" for row in rows(survey, proposal))


def test_the_table_tells_two_vaults_of_one_name_apart_and_what_was_left_out(tmp_path: Path) -> None:
    survey = survey_of(vaults=(vault("/a/Notes"), vault("/b/Notes")), vanished=("/media/usb/Old",))
    told = shown(survey, propose(survey, Answers(), settings(tmp_path)))
    assert "1 Vaults: Notes  /a/Notes (3 notes, 1.2 kB, Obsidian)" in told
    assert "Notes 2  /b/Notes" in told
    assert "Left out: /media/usb/Old" in told


def test_the_table_says_where_passages_are_sent(tmp_path: Path) -> None:
    survey = survey_of()
    told = shown(survey, propose(survey, Answers(upstream="https://api.example.com/v1"), settings(tmp_path)))
    assert "SENT TO api.example.com" in told
    assert "everything stays" not in told
    assert "everything stays" in shown(survey, propose(survey, Answers(upstream=OLLAMA), settings(tmp_path)))


def test_the_table_says_who_is_sent_passages_by_a_further_server(tmp_path: Path) -> None:
    survey = survey_of()
    current = settings(
        tmp_path, '[upstreams.gpu]\nurl = "http://gpu.lan:8000/v1"\n[upstreams.here]\nurl = "http://[::1]:1/v1"'
    )
    told = shown(survey, propose(survey, Answers(), current))
    assert ("everything stays" in told, "who asks for a model of gpu.lan" in told) == (False, True)
    assert "SENT TO gpu.lan" in shown(survey, propose(survey, Answers(model="gpu/qwen"), current))
    assert "SENT TO gpu.lan" in shown(survey, propose(survey, Answers(embedding="gpu/bge-m3"), current))


def test_the_table_says_when_other_machines_can_reach_the_port(tmp_path: Path) -> None:
    survey = survey_of()
    told = shown(survey, propose(survey, Answers(), settings(tmp_path, 'host = "0.0.0.0"\nallow_remote = true')))
    assert ("this machine alone" in told, "OTHER MACHINES CAN REACH IT" in told) == (False, True)
    assert "this machine alone" in shown(survey, propose(survey, Answers(), settings(tmp_path)))


@pytest.mark.parametrize(
    ("installed", "wanted", "says"),
    [
        (False, True, "starts now"),
        (False, False, "`sidecar serve` starts it"),
        (True, True, "is started anew"),
        (True, False, "`sidecar service uninstall` removes it"),
    ],
)
def test_the_table_says_what_becomes_of_the_service(tmp_path: Path, installed: bool, wanted: bool, says: str) -> None:
    survey = survey_of(service=ServiceState(problem=None, installed=installed))
    row = rows(survey, propose(survey, Answers(service=wanted), settings(tmp_path)))[-1]
    assert (row.value, says in row.reason) == ("yes" if wanted else "no", True), row


def test_of_hundreds_of_vaults_some_are_proposed_and_the_table_stays_short(tmp_path: Path) -> None:
    broken = tuple(vault(f"/broken/{n}", problem=f"problem {n}", count=None) for n in range(100))
    survey = survey_of(vaults=(*(vault(f"/v/{n}") for n in range(300)), *broken))
    proposal = propose(survey, Answers(), settings(tmp_path))
    table = rows(survey, proposal)
    assert ([each.path.name for each in proposal.vaults], len(table) < 40) == ([str(n) for n in range(20)], True)
    told = shown(survey, proposal)
    for part in (
        "/v/20, /v/21, /v/22 and 277 more (used longer ago",
        "/broken/0 (problem 0)",
        "96 more (1 lists them)",
    ):
        assert part in told
    chosen = propose(survey, Answers(vaults=survey.vaults[:2]), settings(tmp_path))
    assert "Left out" not in shown(survey, chosen)


def test_what_was_not_counted_is_not_said_to_be_empty(tmp_path: Path) -> None:
    survey = survey_of(vaults=(vault("/slow", count=Count(notes=0, size=0, whole=False)),))
    assert "(not counted, Obsidian)" in shown(survey, propose(survey, Answers(), settings(tmp_path)))


def test_every_line_that_can_be_changed_has_its_number_once(tmp_path: Path) -> None:
    for vaults in ((), (vault("/a"),), (vault("/a"), vault("/b"))):
        survey = survey_of(vaults=vaults)
        numbers = [row.number for row in rows(survey, propose(survey, Answers(), settings(tmp_path))) if row.number]
        assert numbers == [1, 2, 3, 4, 5, 6]


def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    survey = survey_of(port=8485, port_holder="Port 8484 on 127.0.0.1 is already used.")
    assert "5 Port: 8485 (Port 8484 on 127.0.0.1 is already used.)" in shown(
        survey, propose(survey, Answers(), settings(tmp_path))
    )


def test_facts_hold_what_the_table_shows(tmp_path: Path) -> None:
    survey = survey_of(QWEN, LARGE, servers=(server("Ollama", OLLAMA, "qwen3:4b"),))
    facts = setup_facts(survey, propose(survey, Answers(), settings(tmp_path)))
    assert facts["proposal"]["model"] == "qwen3:4b"
    assert [model["problem"] is None for model in facts["found"]["models"]] == [True, False]


def on_disk(path: Path, name: str) -> FoundModel:
    return FoundModel(
        names=(name,), owner="lm_studio", folder=path.parent, path=path, parts=(path,), part_count=1, size=1
    )


def test_a_file_needs_llama_cpp_and_a_server_does_not(tmp_path: Path, tiny_chat_gguf: Path) -> None:
    path = shutil.copy(tiny_chat_gguf, tmp_path / "tiny.gguf")
    found = [on_disk(Path(path), "tiny")]
    with_llama = options(laptop(8, 5), found, [], llama=True)
    assert [(each.name, each.where, each.usable) for each in with_llama] == [("tiny", "LM Studio", True)]
    without = options(laptop(8, 5), found, [server("Ollama", OLLAMA, "tiny", "other:3b")], llama=False)
    assert [(each.name, each.upstream, each.usable) for each in without] == [
        ("other:3b", OLLAMA, True),
        ("tiny", OLLAMA, True),
    ]
    alone = options(laptop(8, 5), found, [], llama=False)
    assert "llama-cpp-python" in (alone[0].problem or "")


def test_a_file_that_does_not_fit_says_what_it_needs(tmp_path: Path, tiny_chat_gguf: Path) -> None:
    found = [on_disk(Path(shutil.copy(tiny_chat_gguf, tmp_path / "tiny.gguf")), "tiny")]
    (option,) = options(laptop(0.1, 0.05), found, [], llama=True)
    assert "does not fit: it needs" in (option.problem or "")


def test_a_servers_model_may_be_in_memory_already(tmp_path: Path, tiny_chat_gguf: Path) -> None:
    found = [on_disk(Path(shutil.copy(tiny_chat_gguf, tmp_path / "tiny.gguf")), "tiny")]
    full = laptop(8, 0.01)
    assert not options(full, found, [], llama=True)[0].usable
    assert options(full, found, [server("Ollama", OLLAMA, "tiny")], llama=True)[0].usable


def test_a_servers_model_that_no_memory_holds_or_that_runs_elsewhere_is_not_used() -> None:
    cloud = replace(server("Ollama", OLLAMA), models=(UpstreamModel(id="gpt-oss:120b-cloud", elsewhere=True),))
    big = server("LM Studio", LM_STUDIO, "llama-3.3-70b", "gemma-3-4b", kind="lm-studio")
    found = options(laptop(16, 9), [], [cloud, big], llama=False)
    assert [(each.name, each.usable) for each in found if each.usable] == [("gemma-3-4b", True)]
    assert sorted(each.problem or "" for each in found)[1:] == [
        "does not fit: its weights alone are about 36.7 GiB",
        "is run on another machine, which would be sent your notes",
    ]


@pytest.mark.parametrize(
    ("machine", "names", "expected"),
    [
        (laptop(8, 5), ("gemma3:12b", "qwen3:4b"), "qwen3:4b"),
        (laptop(16, 10), ("gemma3:12b", "qwen3:4b"), "qwen3:4b"),
        (laptop(36, 26), ("gemma3:27b", "qwen3-30b-a3b", "qwen3:4b"), "qwen3-30b-a3b"),
        (apple(16, 9, bandwidth=None), ("gemma3:12b", "qwen3:4b"), "gemma3:12b"),
        (with_card(32, 20, 24), ("gemma3:27b", "qwen3:4b"), "gemma3:27b"),
        (laptop(16, 10), ("gemma3:12b",), "gemma3:12b"),
        (laptop(8, 5), ("gemma3:12b",), None),
        (laptop(16, 10), ("qwen3-reranker:4b", "whisper-1", "bge-reranker-v2-m3"), None),
    ],
)
def test_of_a_servers_models_of_unknown_size_one_is_proposed_that_is_quick_enough_here(
    tmp_path: Path, machine: Machine, names: tuple[str, ...], expected: str | None
) -> None:
    found = options(careful(machine), [], [server("a server on port 8000", OLLAMA, *names)], llama=True)
    proposal = propose(survey_of(*found, machine=machine), Answers(), settings(tmp_path))
    assert proposal.model == expected


@pytest.mark.parametrize("name", ["tts-1", "flux.1-dev", "clip-vit", "Qwen3-Reranker-4B", "stable-diffusion-3.5"])
def test_what_reads_ranks_or_paints_is_no_model_that_writes(name: str) -> None:
    assert options(laptop(16, 10), [], [server("LocalAI", OLLAMA, name, "eclipse-7b")], llama=True)[1:] == ()


@pytest.mark.parametrize(
    ("machine", "assumed"),
    [
        (laptop(8, 5, bandwidth=None), True),
        (laptop(8, 5, bandwidth=80e9), False),
        (apple(16, 9, bandwidth=None), False),
        (with_card(32, 20, 12, bandwidth=None), False),
    ],
)
def test_a_processor_alone_is_not_taken_for_quick(machine: Machine, assumed: bool) -> None:
    assert (careful(machine) != machine) == assumed


def test_what_to_fetch_is_in_the_catalogue_and_fits(tmp_path: Path) -> None:
    survey = survey_of(machine=careful(laptop(8, 5, bandwidth=None)))
    assert survey.download is not None
    assert survey.download.name in load_catalogue()
    assert survey.download.fit is not None
    assert survey.download.fit.comfortable
    told = list(advice(survey, propose(survey, Answers(), settings(tmp_path))))
    assert any("a download of" in sentence for sentence in told)


def test_where_nothing_can_be_fetched_it_says_so(tmp_path: Path) -> None:
    survey = survey_of(machine=laptop(1, 0.2))
    told = " ".join(advice(survey, propose(survey, Answers(), settings(tmp_path))))
    assert survey.download is None
    assert "No model of the catalogue fits" in told


def test_a_server_without_models_is_named(tmp_path: Path) -> None:
    survey = survey_of(servers=(server("Ollama", OLLAMA),))
    told = " ".join(advice(survey, propose(survey, Answers(), settings(tmp_path))))
    assert "Ollama runs here and has no chat model yet" in told


def test_a_list_of_megabytes_does_not_fill_the_table(tmp_path: Path) -> None:
    long = replace(QWEN, name="x" * 2**20, where="y" * 2**20)
    survey = survey_of(long, vanished=("/" + "z" * 2**20,), vaults=(vault("/" + "v" * 2**20),))
    assert len(shown(survey, propose(survey, Answers(), settings(tmp_path)))) < 5000
