"""Whether a sentence says that the notes do not hold what was asked, told by its words in many languages.

A sentence does when it has a word of each of three kinds (a denial, a verb of holding or finding, the notes) or one
phrase that is enough. Which of the languages it is in is not asked: rows do not mix.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from sidecar.evaluation.own_words import spoken
from sidecar.language.terms import fold

_LONGEST = 600
# Denials, verbs, what the notes are called, phrases that are enough. `_` is a space, `*` any ending.
_WORDS: Mapping[str, tuple[str, str, str, str]] = {
    "en": (
        "not no nothing none never neither cannot without unable n't",
        """find found mention* say says said contain* include* information match* answer* state* specif* provide* have
        has hold* cover* record* describe* about relevant there see detail* indicate* discuss* list* address*""",
        "note notes vault passage passages context document documents excerpt excerpts source sources",
        """i_don't_know i_do_not_know i_could_not_find i_couldn't_find i_can't_find i_cannot_find i_did_not_find
        i_didn't_find no_relevant_information no_information_about no_information_on not_mentioned_in not_in_your_notes
        not_in_the_notes nothing_relevant_was_found""",
    ),
    "pt": (
        "nao nada nenhum nenhuma nunca sem",
        """encontr* menciona* diz dizem conte* contem inclu* informac* respond* correspond* especific* consta* ha ha tem
        fala* existe* trata* regist* indica*""",
        "nota notas cofre trecho trechos contexto documento documentos excerto excertos fonte fontes apontamentos",
        "nao_sei nao_encontrei nao_consegui_encontrar nenhuma_informacao nao_ha_informac* nada_encontrado",
    ),
    "es": (
        "no nada ningun ninguna ninguno nunca sin",
        """encontr* encuentr* mencion* dice dicen contien* inclu* informac* respond* responde* coincid* especific* hay
        tiene* habla* figura* aparec* consta* indica*""",
        "nota notas boveda pasaje pasajes fragmento fragmentos contexto documento documentos fuente fuentes apuntes",
        "no_lo_se no_se_la_respuesta no_encontre no_he_encontrado no_encuentro ninguna_informacion no_hay_informacion",
    ),
    "it": (
        "non nulla niente nessun nessuna nessuno mai senza",
        """trov* menzion* dice dicono contien* contengono inclu* informazion* rispond* corrispond* specific* c'e ci_sono
        ha hanno parla* riport* indica* figura*""",
        "nota note appunti vault passaggio passaggi brano brani contesto documento documenti fonte fonti",
        "non_lo_so non_ho_trovato non_trovo nessuna_informazione non_ci_sono_informazioni",
    ),
    "fr": (
        "ne n' pas rien aucun aucune jamais sans",
        """trouv* mention* dit disent contien* inclu* information* repond* correspond* precis* y_a ont parl* figur*
        indiqu* evoqu* existe*""",
        "note notes coffre passage passages extrait extraits contexte document documents source sources",
        """je_ne_sais_pas je_n'ai_pas_trouve je_n'ai_rien_trouve je_ne_trouve_pas aucune_information
        je_n'ai_trouve_aucun*""",
    ),
    "de": (
        "nicht nichts kein keine keinen keinem keiner keinerlei nie weder ohne",
        """find* gefunden erwahn* sag* enthalt* enthalten information* angab* antwort* passt steht stehen hervor* geht
        nennen nennt beschreib* vermerk* gibt hinweis*""",
        """notiz notizen vault passage passagen textstelle* auszug auszuge* kontext dokument dokumente* quelle quellen
        aufzeichnung*""",
        """weiss_ich_nicht ich_weiss_es_nicht ich_habe_nichts_gefunden konnte_ich_nicht_finden keine_informationen
        keine_angaben nichts_gefunden""",
    ),
    "nl": (
        "niet niets geen nergens zonder",
        "vind* gevonden vermeld* noem* zeg* staat staan bevat* informatie antwoord*",
        "notitie notities aantekening* document documenten context bron bronnen passage*",
        "weet_ik_niet ik_weet_het_niet geen_informatie niets_gevonden",
    ),
    "sv": (
        "inte inget inga ingen ingenting",
        "hitta* namn* sager star finns innehall* information svar*",
        "anteckning* dokument* sammanhang* kalla* kallor*",
        "jag_vet_inte ingen_information",
    ),
    "da": (
        "ikke intet ingen ingenting",
        "find* fundet naevn* nævn* siger star findes indehold* inneholder information* svar* funnet",
        "note noter noterne notat* notater* dokument* kontekst* kild* optegnels*",
        "jeg_ved_ikke jeg_vet_ikke ingen_oplysninger ingen_informasjon",
    ),
    "pl": (
        "nie nic brak zadn* bez",
        "znal* znajd* wspomin* mow* zawier* informac* odpow* ma jest pasuj*",
        "notat* notce notka dokument* kontek* fragment* zrodl* zapisk*",
        "nie_wiem nie_znalazlem nie_znalazlam brak_informacji",
    ),
    "ru": (
        "не нет ничего никак* ни без отсутству*",
        """наш* найд* найт* наход* упомина* упомян* говор* сказан* содерж* информац* отвеч* ответ* указан* есть нет
        данн* сведен* подход* соответств*""",
        "заметк* заметок записях записи документ* контекст* источник* фрагмент* отрывк* хранилищ*",
        "я_не_знаю не_нашел не_нашла не_удалось_найти нет_информации информация_отсутствует ничего_не_найдено",
    ),
    "uk": (
        "не немає нічого жодн* ні без відсутн*",
        "знайд* знайш* знайт* згад* говор* містит* містят* інформац* відпов* вказан* є немає",
        "нотатк* нотаток замітк* заміток запис* документ* контекст* джерел* уривк*",
        "я_не_знаю не_знайшов не_знайшла немає_інформації",
    ),
    "tr": (
        "yok değil hiçbir bulunmuyor bulamadım bulunamadı geçmiyor içermiyor yer_almıyor",
        "bul* geç* içer* bilgi* yer cevap* yanıt* bahse*",
        "not notlar* notunuz* belge* bağlam* kaynak*",
        "bilmiyorum bulamadım bilgi_yok bilgi_bulunmuyor",
    ),
    "id": (
        "tidak tak tiada bukan belum",
        "temu* ditemukan menemukan menyebut* disebut* berisi memuat informasi jawab* ada",
        "catatan dokumen konteks sumber",
        "saya_tidak_tahu tidak_ada_informasi tidak_ditemukan",
    ),
    "vi": (
        "khong chua chang",
        "tim thay de_cap noi thong_tin tra_loi co chua",
        "ghi_chu tai_lieu ngu_canh nguon",
        "toi_khong_biet khong_tim_thay khong_co_thong_tin",
    ),
}
# Written without spaces, with signs that are no letters, or with words joined in front: found anywhere in a word.
_ANYWHERE: Mapping[str, tuple[str, str, str, str]] = {
    "zh": (
        "没有 沒有 未 无法 無法 无 無 不 没 沒",
        "找到 提到 提及 包含 记录 記錄 信息 資訊 资料 資料 说明 說明 相关 相關 回答 匹配 符合 涉及 有关 有關 内容 內容",
        "笔记 筆記 文档 文件 上下文 资料 資料 来源 來源 片段 段落 记录 記錄",
        "我不知道 没有找到 沒有找到 未找到 找不到 没有相关信息 沒有相關資訊 没有提到 沒有提到 没有提及 未提及",
    ),
    "ja": (
        "ない ません なし なかった ず 無し 不明",
        "見つか 記載 書か 含ま 言及 情報 該当 一致 あり ある 答え 関連 載",
        "ノート メモ 文書 資料 文脈 コンテキスト 抜粋 記録",
        "わかりません 分かりません 見つかりません 見つかりませんでした 記載がありません 記載されていません",
    ),
    "ko": (
        "없 않 못 아니",
        "찾 언급 포함 정보 내용 답 관련 나와 일치 기록",
        "노트 메모 문서 문맥 자료 발췌",
        "모르겠 찾을_수_없 찾지_못 정보가_없 언급되어_있지_않",
    ),
    "th": (
        "ไม่",
        "พบ กล่าว ระบุ มี ข้อมูล ตรง เกี่ยว ตอบ",
        "บันทึก โน้ต เอกสาร บริบท แหล่งข้อมูล ข้อความ",
        "ไม่ทราบ ไม่รู้ ไม่พบ ไม่มีข้อมูล ไม่ได้กล่าวถึง ไม่ได้ระบุ",
    ),
    "ar": (
        "لا لم ليس ليست لن غير دون يوجد_أي",
        "أجد يوجد توجد تذكر يذكر تحتوي يحتوي معلومات تتضمن يتضمن ورد إجابة يطابق تطابق العثور ذكر",
        "ملاحظات الملاحظات ملاحظاتك مذكرات وثائق مستندات السياق المصادر المقاطع",
        "لا_أعرف لا_أعلم لم_أجد لم_أعثر لا_توجد_معلومات لا_يوجد_معلومات",
    ),
    "fa": (
        "نیست ندارد نشد نشده نکرد پیدا_نکردم هیچ",
        "پیدا یافت ذکر اطلاعات شامل وجود پاسخ اشاره",
        "یادداشت سند اسناد متن منبع",
        "نمی_دانم نمیدانم پیدا_نکردم اطلاعاتی_وجود_ندارد",
    ),
    "hi": (
        "नहीं न कोई_नहीं बिना",
        "मिला मिली मिले मिलता उल्लेख जानकारी लिखा शामिल बताया उत्तर जवाब मेल है",
        "नोट नोट्स टिप्पणियों टिप्पणी दस्तावेज़ दस्तावेज संदर्भ स्रोत",
        "मुझे_नहीं_पता कोई_जानकारी_नहीं नहीं_मिला नहीं_मिली",
    ),
    "he": (
        "לא אין בלי",
        "מצא מוזכר כתוב מידע מכיל תשובה נמצא מציין",
        "הערות פתקים רשימות מסמך מסמכים הקשר מקור",
        "אינני_יודע לא_יודע לא_מצאתי אין_מידע",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Language:
    """The patterns of one language."""

    kinds: tuple[re.Pattern[str], ...]
    enough: re.Pattern[str]

    def admits(self, text: str) -> bool:
        return self.enough.search(text) is not None or all(kind.search(text) for kind in self.kinds)


def admits(sentence: str) -> bool:
    """Whether a sentence says that the notes do not hold what was asked. Looks at its first 600 characters."""
    text = _comparable(sentence[:_LONGEST])
    return any(phrase in text for phrase in _nothing()) or any(language.admits(text) for language in _languages())


@cache
def _nothing() -> frozenset[str]:
    """What Sidecar itself says when nothing was found."""
    return frozenset(_comparable(said.nothing).rstrip(".。 ") for said in spoken())


@cache
def _languages() -> tuple[_Language, ...]:
    tables = [(_WORDS, True), (_ANYWHERE, False)]
    return tuple(_language(row, whole=whole) for table, whole in tables for row in table.values())


def _language(row: tuple[str, str, str, str], *, whole: bool) -> _Language:
    *kinds, enough = (_pattern(words, whole=whole) for words in row)
    return _Language(kinds=tuple(kinds), enough=enough)


def _pattern(words: str, *, whole: bool) -> re.Pattern[str]:
    return re.compile("|".join(_word(word, whole=whole) for word in words.split()))


def _word(written: str, *, whole: bool) -> str:
    spelled = re.escape(_comparable(written.rstrip("*").replace("_", " ")))
    # An elided word, such as "n't" and "n'", is joined to others.
    start, end = ("" if spelled.startswith("n't") else r"\b"), ("" if written.endswith(("*", "'")) else r"\b")
    return f"{start}{spelled}{end}" if whole else spelled


def _comparable(text: str) -> str:
    return " ".join(fold(text).replace("\u2019", "'").split())
