"""What the extractive model says in its own words, in each language it knows; everything else it says is quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """The model's own words; everything else it says is quoted."""

    quotations: str
    nothing: str
    still_reading: str
    """What it adds to that while notes are still being read."""
    add_model: str
    friendly: str
    """What it says to a greeting or thanks: what it can do."""


_PHRASES: Mapping[str, Phrases] = {
    "en": Phrases(
        quotations="No language model is loaded; these are quotations from your notes.",
        nothing="Nothing in your notes matches this question.",
        still_reading="Not all of your notes have been read yet; ask again soon. `sidecar status` says how far it is.",
        add_model="For written answers, start Sidecar with `--model PATH.gguf` or `--upstream URL`.",
        friendly="Hello! Ask me something, and I will show you the sentences of your notes that answer it.",
    ),
    "pt": Phrases(
        quotations="Nenhum modelo de linguagem está carregado; estas são citações das suas notas.",
        nothing="Nada nas suas notas corresponde a esta pergunta.",
        still_reading="Ainda nem todas as suas notas foram lidas; pergunte de novo daqui a pouco (`sidecar status`).",
        add_model="Para respostas redigidas, inicie o Sidecar com `--model PATH.gguf` ou `--upstream URL`.",
        friendly="Olá! Faça uma pergunta e eu mostro as frases das suas notas que respondem a ela.",
    ),
    "es": Phrases(
        quotations="No hay ningún modelo de lenguaje cargado; estas son citas de tus notas.",
        nothing="Nada en tus notas coincide con esta pregunta.",
        still_reading="Todavía no se han leído todas tus notas; vuelve a preguntar dentro de poco (`sidecar status`).",
        add_model="Para respuestas redactadas, inicia Sidecar con `--model PATH.gguf` o `--upstream URL`.",
        friendly="¡Hola! Hazme una pregunta y te mostraré las frases de tus notas que la responden.",
    ),
    "it": Phrases(
        quotations="Nessun modello linguistico è caricato; queste sono citazioni dalle tue note.",
        nothing="Nulla nelle tue note corrisponde a questa domanda.",
        still_reading="Non tutte le tue note sono state ancora lette; chiedi di nuovo tra poco (`sidecar status`).",
        add_model="Per risposte scritte, avvia Sidecar con `--model PATH.gguf` o `--upstream URL`.",
        friendly="Ciao! Fammi una domanda e ti mostrerò le frasi delle tue note che rispondono.",
    ),
    "fr": Phrases(
        quotations="Aucun modèle de langage n'est chargé ; voici des citations de vos notes.",
        nothing="Rien dans vos notes ne correspond à cette question.",
        still_reading="Toutes vos notes n'ont pas encore été lues ; reposez la question bientôt (`sidecar status`).",
        add_model="Pour des réponses rédigées, lancez Sidecar avec `--model PATH.gguf` ou `--upstream URL`.",
        friendly="Bonjour ! Posez-moi une question et je vous montrerai les phrases de vos notes qui y répondent.",
    ),
    "de": Phrases(
        quotations="Es ist kein Sprachmodell geladen; dies sind Zitate aus deinen Notizen.",
        nothing="Nichts in deinen Notizen passt zu dieser Frage.",
        still_reading="Noch sind nicht alle deine Notizen gelesen; frag bald noch einmal (`sidecar status`).",
        add_model="Für ausformulierte Antworten starte Sidecar mit `--model PATH.gguf` oder `--upstream URL`.",
        friendly="Hallo! Stell mir eine Frage, und ich zeige dir die Sätze deiner Notizen, die sie beantworten.",
    ),
    "nl": Phrases(
        quotations="Er is geen taalmodel geladen; dit zijn citaten uit je notities.",
        nothing="Niets in je notities past bij deze vraag.",
        still_reading="Nog niet al je notities zijn gelezen; vraag het straks opnieuw (`sidecar status`).",
        add_model="Start Sidecar voor geschreven antwoorden met `--model PATH.gguf` of `--upstream URL`.",
        friendly="Hallo! Stel me een vraag, dan laat ik de zinnen uit je notities zien die haar beantwoorden.",
    ),
    "ru": Phrases(
        quotations="Языковая модель не загружена; это цитаты из ваших заметок.",
        nothing="В ваших заметках нет ничего, что подходит к этому вопросу.",
        still_reading="Ещё не все ваши заметки прочитаны; спросите снова немного позже (`sidecar status`).",
        add_model="Чтобы получать связные ответы, запустите Sidecar с `--model PATH.gguf` или `--upstream URL`.",
        friendly="Здравствуйте! Задайте вопрос, и я покажу предложения из ваших заметок, которые на него отвечают.",
    ),
    "uk": Phrases(
        quotations="Мовну модель не завантажено; це цитати з ваших нотаток.",
        nothing="У ваших нотатках немає нічого, що відповідає цьому запитанню.",
        still_reading="Ще не всі ваші нотатки прочитано; запитайте знову трохи згодом (`sidecar status`).",
        add_model="Щоб отримувати зв'язні відповіді, запустіть Sidecar з `--model PATH.gguf` або `--upstream URL`.",
        friendly="Вітаю! Поставте запитання, і я покажу речення з ваших нотаток, які на нього відповідають.",
    ),
    "pl": Phrases(
        quotations="Nie załadowano modelu językowego; oto cytaty z Twoich notatek.",
        nothing="Nic w Twoich notatkach nie pasuje do tego pytania.",
        still_reading="Nie wszystkie Twoje notatki są już przeczytane; zapytaj za chwilę ponownie (`sidecar status`).",
        add_model="Aby otrzymywać pełne odpowiedzi, uruchom Sidecar z `--model PATH.gguf` lub `--upstream URL`.",
        friendly="Cześć! Zadaj pytanie, a pokażę zdania z Twoich notatek, które na nie odpowiadają.",
    ),
    "tr": Phrases(
        quotations="Yüklü bir dil modeli yok; bunlar notlarınızdan alıntılardır.",
        nothing="Notlarınızda bu soruyla eşleşen bir şey yok.",
        still_reading="Notlarınızın hepsi henüz okunmadı; biraz sonra yeniden sorun (`sidecar status`).",
        add_model="Yazılı yanıtlar için Sidecar'ı `--model PATH.gguf` veya `--upstream URL` ile başlatın.",
        friendly="Merhaba! Bir soru sorun, notlarınızda onu yanıtlayan cümleleri göstereyim.",
    ),
    "zh": Phrases(
        quotations="没有加载语言模型；以下是您笔记中的原文。",
        nothing="您的笔记中没有与这个问题相符的内容。",
        still_reading="您的笔记尚未全部读取，请稍后再次提问（`sidecar status`）。",
        add_model="如需撰写的回答，请用 `--model PATH.gguf` 或 `--upstream URL` 启动 Sidecar。",
        friendly="您好！请提出问题，我会给出您笔记中能回答它的句子。",
    ),
    "ja": Phrases(
        quotations="言語モデルが読み込まれていないため、ノートからの引用を示します。",
        nothing="この質問に合う内容はノートにありません。",
        still_reading="まだ読み込み中のノートがあります。後でもう一度お尋ねください（`sidecar status`）。",
        add_model="文章での回答には、`--model PATH.gguf` または `--upstream URL` を付けて Sidecar を起動してください。",
        friendly="こんにちは。質問していただければ、その答えになるノートの文をお見せします。",
    ),
    "ko": Phrases(
        quotations="언어 모델이 로드되지 않아 노트의 인용문을 보여 드립니다.",
        nothing="노트에 이 질문과 맞는 내용이 없습니다.",
        still_reading="아직 모든 노트를 읽지 못했습니다. 잠시 뒤 다시 질문하세요(`sidecar status`).",
        add_model="작성된 답변을 원하면 `--model PATH.gguf` 또는 `--upstream URL`로 Sidecar를 시작하세요.",
        friendly="안녕하세요! 질문하시면 답이 되는 노트의 문장을 보여 드리겠습니다.",
    ),
    "th": Phrases(
        quotations="ไม่ได้โหลดโมเดลภาษาไว้ ต่อไปนี้คือข้อความที่ยกมาจากบันทึกของคุณ",
        nothing="ไม่มีสิ่งใดในบันทึกของคุณที่ตรงกับคำถามนี้",
        still_reading="ยังอ่านบันทึกของคุณไม่ครบ โปรดถามอีกครั้งในอีกสักครู่ (`sidecar status`)",
        add_model="หากต้องการคำตอบที่เรียบเรียงแล้ว ให้เริ่ม Sidecar ด้วย `--model PATH.gguf` หรือ `--upstream URL`",
        friendly="สวัสดี ถามคำถามมาได้เลย แล้วจะแสดงประโยคในบันทึกของคุณที่ตอบคำถามนั้น",
    ),
    "ar": Phrases(
        quotations="لم يُحمَّل أي نموذج لغوي؛ هذه اقتباسات من ملاحظاتك.",
        nothing="لا شيء في ملاحظاتك يطابق هذا السؤال.",
        still_reading="لم تُقرأ كل ملاحظاتك بعد؛ أعد السؤال بعد قليل (`sidecar status`).",
        add_model="للحصول على إجابات مكتوبة، شغّل Sidecar مع `--model PATH.gguf` أو `--upstream URL`.",
        friendly="مرحبًا! اطرح سؤالًا وسأعرض لك الجمل التي تجيب عنه من ملاحظاتك.",
    ),
    "hi": Phrases(
        quotations="कोई भाषा मॉडल लोड नहीं है; ये आपके नोट्स के उद्धरण हैं।",
        nothing="आपके नोट्स में इस प्रश्न से मेल खाता कुछ नहीं है।",
        still_reading="अभी आपके सभी नोट्स पढ़े नहीं गए हैं; थोड़ी देर में फिर पूछें (`sidecar status`)।",
        add_model="लिखित उत्तरों के लिए Sidecar को `--model PATH.gguf` या `--upstream URL` के साथ शुरू करें।",
        friendly="नमस्ते! कोई प्रश्न पूछिए, मैं आपके नोट्स के वे वाक्य दिखाऊँगा जो उसका उत्तर देते हैं।",
    ),
}


def phrases(language: str) -> Phrases:
    """Give the model's own words in a language (ISO 639-1), in English where it has none in it."""
    return _PHRASES.get(language) or _PHRASES["en"]
