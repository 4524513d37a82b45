"""What the extractive model says in its own words, in each language it knows; everything else it says is quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The model's own words; everything else it says is quoted."""

    quotations: str
    nothing: str
    add_model: str


_PHRASES: Mapping[str, Phrases] = {
    "en": Phrases(
        quotations="No language model is loaded; these are quotations from your notes.",
        nothing="Nothing in your notes matches this question.",
        add_model="For written answers, start Sidecar with `--model PATH.gguf` or `--upstream URL`.",
    ),
    "pt": Phrases(
        quotations="Nenhum modelo de linguagem está carregado; estas são citações das suas notas.",
        nothing="Nada nas suas notas corresponde a esta pergunta.",
        add_model="Para respostas redigidas, inicie o Sidecar com `--model PATH.gguf` ou `--upstream URL`.",
    ),
    "es": Phrases(
        quotations="No hay ningún modelo de lenguaje cargado; estas son citas de tus notas.",
        nothing="Nada en tus notas coincide con esta pregunta.",
        add_model="Para respuestas redactadas, inicia Sidecar con `--model PATH.gguf` o `--upstream URL`.",
    ),
    "it": Phrases(
        quotations="Nessun modello linguistico è caricato; queste sono citazioni dalle tue note.",
        nothing="Nulla nelle tue note corrisponde a questa domanda.",
        add_model="Per risposte scritte, avvia Sidecar con `--model PATH.gguf` o `--upstream URL`.",
    ),
    "fr": Phrases(
        quotations="Aucun modèle de langage n'est chargé ; voici des citations de vos notes.",
        nothing="Rien dans vos notes ne correspond à cette question.",
        add_model="Pour des réponses rédigées, lancez Sidecar avec `--model PATH.gguf` ou `--upstream URL`.",
    ),
    "de": Phrases(
        quotations="Es ist kein Sprachmodell geladen; dies sind Zitate aus deinen Notizen.",
        nothing="Nichts in deinen Notizen passt zu dieser Frage.",
        add_model="Für ausformulierte Antworten starte Sidecar mit `--model PATH.gguf` oder `--upstream URL`.",
    ),
}


def phrases(language: str) -> Phrases:
    """Give the model's own words in a language that `language_of` named."""
    return _PHRASES[language]
