"""What an answer says of tool calls that were left out of it, in the conversation's language."""

from __future__ import annotations

from collections.abc import Sequence

_ASKED_BY_A_NOTE = {
    "en": "Not called, because a note asked for it and you did not: {names}.",
    "pt": "Não foi chamado, porque quem o pediu foi uma nota e não você: {names}.",
    "es": "No se ha llamado, porque lo pidió una nota y no tú: {names}.",
    "it": "Non chiamato, perché lo ha chiesto una nota e non tu: {names}.",
    "fr": "Non appelé, car c'est une note qui l'a demandé et non vous : {names}.",
    "de": "Nicht aufgerufen, weil eine Notiz darum bat und nicht du: {names}.",
    "nl": "Niet aangeroepen, omdat een notitie erom vroeg en jij niet: {names}.",
    "pl": "Nie wywołano, ponieważ prosiła o to notatka, a nie Ty: {names}.",
    "tr": "Çağrılmadı, çünkü bunu siz değil bir not istedi: {names}.",
    "ru": "Не вызвано, потому что об этом просила заметка, а не вы: {names}.",
    "uk": "Не викликано, бо про це просила нотатка, а не ви: {names}.",
    "zh": "未调用，因为提出要求的是笔记而不是你：{names}。",
    "ja": "呼び出していません。求めたのはノートであり、あなたではないためです：{names}。",
    "ko": "호출하지 않았습니다. 사용자가 아니라 노트가 요청했기 때문입니다: {names}.",
    "th": "ไม่ได้เรียกใช้ เพราะบันทึกเป็นผู้ขอ ไม่ใช่คุณ: {names}",
    "ar": "لم يُستدعَ لأن ملاحظةً طلبته ولم تطلبه أنت: {names}.",
    "hi": "नहीं चलाया गया, क्योंकि इसे आपने नहीं, एक नोट ने माँगा था: {names}।",
}
_UNCHECKED = {
    "en": "Not called, because it could not be checked whether you asked for it: {names}.",
    "pt": "Não foi chamado, porque não foi possível verificar se você o pediu: {names}.",
    "es": "No se ha llamado, porque no se pudo comprobar si lo pediste tú: {names}.",
    "it": "Non chiamato, perché non è stato possibile verificare se lo hai chiesto tu: {names}.",
    "fr": "Non appelé, car il n'a pas été possible de vérifier si vous l'avez demandé : {names}.",
    "de": "Nicht aufgerufen, weil sich nicht prüfen ließ, ob du darum gebeten hast: {names}.",
    "nl": "Niet aangeroepen, omdat niet kon worden nagegaan of jij erom vroeg: {names}.",
    "pl": "Nie wywołano, ponieważ nie udało się sprawdzić, czy o to prosisz: {names}.",
    "tr": "Çağrılmadı, çünkü bunu sizin isteyip istemediğiniz denetlenemedi: {names}.",
    "ru": "Не вызвано, потому что не удалось проверить, просили ли вы об этом: {names}.",
    "uk": "Не викликано, бо не вдалося перевірити, чи ви про це просили: {names}.",
    "zh": "未调用，因为无法核实这是否是你的要求：{names}。",
    "ja": "呼び出していません。あなたが求めたものか確認できなかったためです：{names}。",
    "ko": "호출하지 않았습니다. 사용자가 요청했는지 확인할 수 없었기 때문입니다: {names}.",
    "th": "ไม่ได้เรียกใช้ เพราะตรวจสอบไม่ได้ว่าคุณเป็นผู้ขอหรือไม่: {names}",
    "ar": "لم يُستدعَ لأنه تعذّر التحقق من أنك طلبته: {names}.",
    "hi": "नहीं चलाया गया, क्योंकि यह जाँचा नहीं जा सका कि आपने इसे माँगा था या नहीं: {names}।",
}
LANGUAGES = tuple(_ASKED_BY_A_NOTE)


def refusal(names: Sequence[str], *, language: str, checked: bool) -> str:
    """Say that calls of these tools were left out; `checked` when the reason is known. English where the language has
    no words here.
    """
    words = _ASKED_BY_A_NOTE if checked else _UNCHECKED
    told = ", ".join(f"`{name}`" for name in dict.fromkeys(names))
    return words.get(language, words["en"]).format(names=told)
