"""Which language a note or a section is written in, told by its scripts, its commonest words and its letters.

Runs over every section in the parser's process, so it is tables and no model: the statistical model that was measured
(py3langid 0.4) takes two to four times as long, 0.7 s to load and 80 MB, and is better only for one sentence or less.
It names no language rather than a wrong one, because a word stemmed by the rules of another language is lost, and one
left as it stands is not. Knows nothing of stems.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# The commonest words, as written. Besides the languages that have a stemmer, those that would be taken for one of them.
_WORDS: Mapping[str, str] = {
    "af": """die en van is in het dat nie vir wat op met te sy hy was om hulle ook by sal as maar aan deur ek jy ons
        hierdie daar kan moet na of uit oor so baie word wees waar toe nog al dit 'n my geen sou kon""",
    "az": """və bu bir ilə üçün olan də da ki o daha sonra kimi çox isə edir var olaraq hər ən onun amma mən sən biz
        deyil əgər lazımdır haqqında ya""",
    "ca": """el la els les de del dels d l i a al als en un una uns unes que és són no per amb es se s com més però si o
        ha han va van ser està era aquest aquesta aquests aquestes això també quan on molt sobre entre fins sense tots
        totes tot cada jo ell ella seva seu seus seves què hi ho pot perquè fer m té tenen nosaltres li mentre des havia
        vam dia cal""",
    "cs": """a v na se je že s z do o to i k ve pro jsou za by po jako od jeho které který která však nebo ale si byl
        byla bylo jsem jsme co když ze tak také už jen při až ke u mezi není být může pokud jak více před pod bude mají
        kde tento tato toto této než jejich podle proto má aby jsi mi mě ho ji""",
    "cy": "y yr yn a i o ar mae oedd gan fod ei eu am gyda hefyd wedi ond nid sydd hyn neu fel bod un ac er",
    "da": """og i at det er en til af den på for med de som der ikke et har om var fra kan vi jeg men sig eller også han
        skal hun blev når efter hvor ved være så mod over nogle noget hvad havde os dig mig ud op meget deres mere hvis
        du kun alle disse sin denne dette under bliver skulle ville selv nu mellem uden min mine gør hvordan hvorfor
        hver blive fordi få siden""",
    "de": """der die das und in den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er
        hat dass daß sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur
        bis mehr durch man sein wurde sei ich wir ihr kann wenn mein unter gegen vom können schon hatte ihre dann müssen
        muss soll diese dieser dieses kein keine sehr uns mir mich du was wo alle immer zwischen gibt""",
    "en": """the of and to in a is that for it as was with be by on not he his but at are this have from or had an they
        which one you were all her she there would their we him been has when who will more no if out so what up its
        about than into them can only other some could these two may then do my like our over such your should also
        where after before because how each most does did while i me don t s using used""",
    "eo": """la kaj de en estas al ne por kiu ke mi kun el li sed ĝi estis aŭ pri kiel ĉi oni pli kiuj per sur tiu ili
        tio ni vi ankaŭ ĝis ĉe se nur jam tre ŝi povas iĝis kio kiam dum post havas unu mia nia ĉiuj tiuj devas inter
        sen kies ĉar""",
    "es": """de la que el en y a los se del las un por con no una su para es al lo como más o pero sus le ha me si sin
        sobre este ya entre cuando todo esta ser son dos también fue había era muy años hasta desde está mi porque qué
        sólo solo han yo hay vez puede todos así nos ni parte tiene él uno donde bien tiempo mismo ese ahora otro
        después te otros aunque esa eso hace otra tan durante siempre día tanto ella tres sí hacer quién quiénes cuál
        cuáles cuánto cuántos cuántas cómo dónde menos nuevo nueva primer primera otras mientras dentro fuera casi
        además cualquier eran fueron sido siendo estaba mayor mañana ayer hoy cada esto estos estas nuestro nuestra
        tenemos tengo hemos ellos según""",
    "et": """ja on ei et oli see kui ka mis ning aga oma ta kes või ma siis nii selle seda mida ole välja väga veel kuid
        saab nad meie me ainult kõik palju pärast enne juba kuni peab olla mitte siin läbi üle te sa eest kus sest nende
        tema vaja minu mul""",
    "eu": """eta da ez ere bat du dira zen baina izan den dute egin zuen hori bere edo beste duen baino ditu hau behar
        ziren eman nola nire gure izango zer dago dena dela duela egiten ari naiz guztiak oso asko gero bezala baita
        arte artean beraz orain dut daude lan ondoren""",
    "fi": """ja on ei se että oli hän joka mutta ovat ole kun myös tai sen niin kuin olen olla jos vain sitä ne mitä nyt
        hänen tämä siitä minä sekä mukaan jo vielä kanssa ollut voi sitten mikä olivat kaikki joita jotka tässä me vai
        kuten koska jonka ennen jälkeen hyvin paljon pitää minun oma tämän tulee miten meidän siellä täällä sinä he pois
        voidaan asti ilman""",
    "fr": """de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont ses avec mais
        comme on ou si leur y dont elle deux ces aux même nous tout fait été aussi je cette son sa entre sans peut tous
        après était être bien où ont ils vous encore très avoir alors avant lors quand faire car chez depuis l d qu n s
        c j leurs toutes toute mon ma mes notre nos votre elles donc cela ça faut avons sous jusqu lorsque pendant
        chaque puis moins quel quelle""",
    "ga": """an na agus ar i a is go sé tá bhí le ag do ní leis sin seo gur mar ach ó bhfuil atá chun nach den nó sí
        faoi raibh siad iad é ná ann sa as aon eile bheith dá mé tú sibh muid inniu freisin dul roimh ina gach mo níl
        féin trí""",
    "gl": """o a os as de do da dos das e que en un unha uns unhas no na nos nas ao á aos ás é con por para non se como
        máis pero son foi seu súa seus súas este esta isto ou tamén moi xa hai ser está polo pola ten eu el ela nós
        cando onde entre sobre ata sen todo tódolos fixo foron outro outra pode hoxe despois mellor temos lle dende
        estou""",
    "hr": """i u je na se da su za od s o kao koji što koja koje a ne bi ili iz do sam ali po samo nije bio bila bilo
        biti više može sve njegov kako to te ako još kad kada prema nakon pri između također tijekom ovaj ova ovo svi
        tko gdje ih ga mu smo ste mi nego već bez zbog treba ću će tako tada jer njih dana netko nešto uvijek prije
        poslije""",
    "hu": """a az és hogy nem is egy de ez volt meg ha csak van mint már el azt még vagy ki le amely ami aki be lehet
        sem után minden kell mert volna át fel úgy nagyon így majd akkor itt más ezt most pedig lesz ahol között ezek
        olyan során szerint több két amikor vannak én ő mi nincs hanem való illetve által ezért mit sok minket nekem
        egyik lett alatt""",
    "id": """yang dan di untuk dengan dari ini pada tidak itu dalam adalah ke akan oleh juga sebagai saya bisa telah
        karena ada atau lebih mereka dapat tersebut kami kita bahwa sudah harus antara hanya saat seperti secara menjadi
        anda namun dia ia para banyak setelah orang sangat belum bagi agar masih jika apa sebuah kalau serta beberapa
        ketika kepada kamu tanpa bukan tetapi sampai hari tahun""",
    "is": """og að í á er sem það en um til við með af var ekki hann ég eru fyrir frá hún sé eða þá þeir hafa verið þau
        svo þegar upp hefur þetta þess því eftir kemur einnig úr hafði ef nú þú okkur mjög""",
    "it": """di e il la che in a per un è non una le si i da con del dei sono gli come della alla nel anche al più delle
        lo ha ma dal ed se su o nella ci questo questa era dalla cui degli stato essere hanno ai quando tra loro sua suo
        ad alle molto fu dopo nei dell l all nell sull tutti tutto solo perché così può già quello ogni anni ancora
        prima sul sulla mi io ho mio mia noi fare dove fino poi senza negli dai nelle quindi abbiamo cosa chi stata
        erano queste questi fatto sempre""",
    "la": "et in est non ad ut cum sed qui quae quod ex de si per ab atque enim nec quam sunt esse hoc quo ac autem",
    "lt": """ir yra kad į su iš kaip bet ar o jis tai buvo nuo apie per po jo už dėl taip pat kurie kuris prie ne jau
        tik savo jų bei labai arba iki gali dar mes aš kai būti ji tuo turi nėra kuri jei metų prieš tarp šis ši šio
        tačiau visi mano reikia daug ką čia kur jie""",
    "lv": """un ir ar no par uz ka kas tas bija to arī viņš pēc kā vai bet lai tika pie gan nav savu es mēs tā jau tikai
        ļoti līdz var kad būt šo šis tiek viņa kurš tiem vairāk pirms starp""",
    "ms": """yang dan di untuk dengan dari ini pada tidak itu dalam adalah ke akan oleh juga sebagai saya boleh telah
        kerana ada atau lebih mereka dapat tersebut kami kita bahawa sudah harus antara hanya ialah iaitu beliau kepada
        anda perlu bagi satu sahaja ketika semasa daripada menjadi seperti tetapi apabila hendaklah bukan orang banyak
        selepas awak nak hari tahun pun macam""",
    "nl": """de van het een en in is dat op te zijn met voor niet die aan er om ook als dan maar bij of uit nog naar
        heeft ze hij door wordt over hebben kan tot werd ik deze wel meer je we was geen wat veel worden moet dit zich
        zo al had hun onder hoe zou onze mijn waar nu tegen tussen jaar mensen heel kunnen wij jij haar hem alleen alle
        gaat omdat toen waren zonder wanneer iets vaak moeten zoals elke mij ons na""",
    "no": """og i det er på til en av for at som den med de har ikke et om var fra kan vi jeg men seg eller også han
        skal ble etter hvor ved være så mot over noen noe hva hadde oss deg meg ut opp mye deres mer hvis du bare alle
        disse sin denne dette under blir skulle ville selv nå mellom uten min mine gjør hvordan hvorfor hver hun når
        sier hos ifølge må eit ikkje ein eg dei frå vere vart kva mykje då få siden""",
    "pl": """i w z na do nie się że to jest o jak a po od za ale są co przez dla jako oraz był była było czy tego tym
        ich jego tylko już być który która które może ma tak jej pod ze lub przy także nad bardzo kiedy gdy aby jeszcze
        też więc go mi mnie nas jeśli między przed można jestem bez tej ten ta te tych wszystkie każdy ponieważ trzeba
        gdzie mam będzie były""",
    "pt": """de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à seu sua ou
        quando muito nos já eu também só pelo pela até isso ela entre depois sem mesmo aos seus quem nas me esse eles
        você essa num nem suas meu às minha numa pelos elas qual nós lhe deles foi são está ser tem têm há era este esta
        isto ainda sobre porque onde cada foram pode fazer todos tudo outro outra então antes agora estava temos é anos
        durante sempre muitas quais quantos quantas sendo sido novo nova primeiro primeira outras enquanto dentro fora
        quase além qualquer parte dessa desse deste desta neste nesta nesse nessa eram ontem hoje amanhã maior menos
        próprio""",
    "ro": """și şi de în la a cu pe care nu din o este că să un mai pentru se au ca fi ce sunt dar al sau prin ale după
        fost dacă sa era lui ei cel cea fără despre foarte cum între ai am acest această aceste acestea când până toate
        toți ar lor unui unei avea trebuie decât doar eu le îl iar își său te va vor poate ne mi noastre asta aici
        astfel unde pot către""",
    "sk": """a v na sa je že s z do o to i k vo pre sú za by po ako od jeho ktoré ktorý ktorá však alebo ale si bol bola
        bolo som sme čo keď zo tak tiež už len pri až ku medzi nie byť môže ak viac pred pod bude majú kde tento táto
        toto tejto než ich podľa preto má aby ste mi ma ho ju""",
    "sl": """in v je na se da so za pa ki z s kot tudi po iz ne ali od bi o bil bila bilo biti ko kar lahko če pri še do
        le sem smo že ni vse zelo med več katerih kateri ker samo svoje ter ga mu jih nad brez zaradi treba bo bodo
        potem kako kaj kjer to tako nas naše moja""",
    "sq": "të e në dhe i për me një që nga është si nuk më u do por ka janë kjo ky ose mund duke kur ishte nëse",
    "sr": """i u je na se da su za od s o kao koji što koja koje a ne bi ili iz do sam ali po samo nije bio bila bilo
        biti više može sve njegov kako to te ako još kad kada prema posle pre između takođe tokom ovaj ova ovo svi ko
        gde ih ga mu smo ste mi nego već bez zbog treba ću će tako tada šta jer njih dana neko nešto uvek и у је на се
        да су за од с о као који што која које а не би или из до сам али по само није био била било бити више може све
        како то те ако још кад када према после пре између такође током овај ова ово сви где их га му смо сте ми него
        већ без због треба ћу ће тако шта јер""",
    "sv": """och i att det som en på är av för med till den har de inte om ett han men var jag sig från vi så kan när år
        under också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket än här då
        sedan över bara blir upp även vad få två vill ha många hur mer går detta nya måste dem dig mig oss denna blev
        dess mellan utan varje du hon vår mina min eftersom någon något några själv""",
    "sw": "ya na wa kwa ni katika la za cha kuwa hii yake kama hiyo au pia ambayo lakini si mimi yangu huo watu sana",
    "tl": "ang ng sa na mga ay at ni para kung hindi si ito may niya ako ko mo isang siya nang din rin namin ka lang",
    "tr": """ve bir bu da de için ile çok olarak daha olan gibi en kadar ne ama o sonra var ise ya her ki değil mi diye
        olduğu göre veya ben sen biz onun tarafından ancak yok iki bunu bütün zaman önce böyle eğer şey hem çünkü nasıl
        nin şu benim bana bizim olduğunu oldu olur yeni büyük bugün neden içinde üzerinde gerekiyor kendi hiç sadece
        birlikte""",
    "uz": "va bu bir bilan uchun ham u edi esa yoki bo'lgan qilish kerak men biz emas deb haqida lekin",
    "vi": """của và là có được cho các không trong một với người này những đã khi để về đến từ như cũng đó ra tôi nhiều
        sẽ phải bị nhưng vào ở theo nếu còn hơn""",
    "ar": """في من على إلى أن التي الذي هذا هذه عن مع ما لا كان كانت هو هي ذلك أو كما بعد قبل بين كل لم قد ثم حيث عند
        أنه إن وقد لكن أي غير منذ حتى خلال تم يمكن نحن أنا لقد و إذا فيها عليه""",
    "ckb": "لە و بە کە بۆ ئەم ئەو هەر دەکات بوو کرد بەڵام لەگەڵ یان هەموو وەک ئێمە من",
    "fa": """و در به از که این را با است برای آن یک خود تا بر شد هم ما شده باید می نیز کرد اما یا بود شود هر ولی من آنها
        دارد چه اگر بین پس کرده پیش اند باشد نمی های ها دیگر همه بسیار""",
    "ps": "د په او چې سره دا کې له نه دی ته شي یې هغه وي کړي خو هم پر څخه ده",
    "ur": """کے کی میں ہے اور سے کا کو اس نے پر ہیں کہ یہ وہ تھا بھی نہیں ایک کر تھے ہو جو تھی لیے گیا ہم یا تک کیا اپنے
        بعد ساتھ مجھے میرے""",
    "be": """і ў у на не што з да як гэта ад для але па за быў была яго ён яна якія які якая або так таксама было пры
        калі толькі мы я таму ўжо яшчэ вельмі каб будзе можа трэба бо ці""",
    "bg": """на и в да е за се от с че не са по като който която което това до или но ще при му си един една той тя те
        бе към след най може има през само този тази още ако как много съм така бъде когато ми беше всички какво къде
        трябва със във защото между преди""",
    "kk": "және бір бұл мен үшін де да деп ол осы болып бар екен сол кейін емес туралы жоқ ғана өте біз",
    "ky": "жана бир бул менен үчүн да деп ал болгон эмес бар кийин тууралуу жок биз ошол",
    "mk": """на и во да се од за е со не што ги по која кој кое како или но тоа беше оваа овој има може само ќе бил била
        при сите меѓу овие тие ако кога каде многу јас ние треба сум уште""",
    "mn": "нь ба юм байна энэ бол тэр болон гэж байсан бөгөөд дээр болно нэг их бид үед хийх",
    "ru": """и в не на что с по как это к из у за от для о то он но так его же все а я был бы или мы когда до только ее
        её их она быть если уже время может были при чтобы было этого также который которые которая где после во они нас
        мне меня есть нет ещё еще под над между очень том этот эта эти чем без со была года надо нужно можно себя там
        тоже ли тем этой этом них нём ему им ей чего кто какой какая какие каком сколько почему потому является являются
        более менее лет году свой свою своих своей могут часто часть всех всего всё здесь сейчас теперь поэтому хотя
        пока даже один одна одно два три первый новый через против около среди кроме вместо""",
    "tg": "ва дар ба аз ки бо ин барои ҳам он аст мешавад буд шуд кард як худ ҳар",
    "tt": "һәм белән бу да бер өчен дә ул иде шул дип булган бар мин без",
    "uk": """і в на не що з до та у як за це й для від про його але є по так він бути або при їх вона також було був
        була який яка які коли якщо вже може я ми чи бо тільки щоб під над між після дуже все ще немає через цей ця ці
        цього де вони мені мене нас треба можна без""",
    "hi": """है के में की से को का और पर हैं नहीं यह ने कि एक भी इस कर हो था लिए वह तो थे या ही साथ बाद किया थी जो गया
        हम मैं अपने कुछ रहा जब आप मुझे तक""",
    "mr": """आहे आणि या च्या मध्ये ते हे तो ती नाही आहेत होते एक होता किंवा पण साठी केले करून मी त्या ही त्यांच्या असे
        असून म्हणून झाला केली आपल्या""",
    "ne": """छ र को मा हो लाई गर्न ले भने छन् पनि यो एक गर्ने भएको थियो गरेको तथा हुन् का लागि गरी छैन हुने तर म मेरो
        हामी उनी गर्छ हुन्छ सँग बाट""",
    "sa": "च अस्ति इति तु न एव सः तत् अपि भवति हि यत् किम् अहम् ते स्म",
    "he": "של את על לא עם הוא זה כי גם אל היא או יש אני כל אבל היה מה אם הם רק עוד כמו לי אחרי אנחנו היום צריך",
    "yi": "און די איז אין פון דער צו האט מיט ניט נישט דאס ער אויף פֿון איך ביי אבער אויך מיר זיך צי װאָס װי וואס",
}
# Letters that few languages write. What a language shares with many others says little and is left out.
_LETTERS: Mapping[str, str] = {
    "az": "əıöüğşç",
    "ca": "àèòïç",
    "cs": "ěřůčšžýťď",
    "da": "æøå",
    "de": "ßäöü",
    "eo": "ĉĝĥĵŝŭ",
    "es": "ñ¿¡áóí",
    "et": "õäöü",
    "fi": "äö",
    "fr": "œèêàçôùî",
    "ga": "úíó",
    "gl": "ñ",
    "hr": "đšžčć",
    "hu": "őűáéóöü",
    "is": "þðæö",
    "it": "ìòàèù",
    "lt": "ėųįąčęšžū",
    "lv": "āēīūģķļņšž",
    "no": "æøå",
    "pl": "łąęśźżńćó",
    "pt": "ãõçáéêâ",
    "ro": "ățșţşîâ",
    "sk": "ľĺŕôčšžýťďň",
    "sl": "čšž",
    "sq": "ëç",
    "sr": "đšžčćљњјћђџ",
    "sv": "åäö",
    "tr": "ğışçöü",
    "vi": "ơưđạảấầẩậắằặẹẻẽếềểễệỉịọỏốồổỗộớờởợụủứừửữựỳỹ",
    "be": "ўі",
    "bg": "ъщ",
    "kk": "әғқңұһі",
    "mk": "ѓќѕјљњџ",
    "mn": "өү",
    "ru": "ыэё",
    "uk": "їєґі",
    "tg": "ҳқғҷӣӯ",
    "fa": "پچژگکی",
    "ps": "ښځڅېۍګ",
    "ur": "ٹڈڑںےہھ",
    "ckb": "ێۆڕڵەڤ",
}
# Scripts that settle it: one language of the above, or none that has a stemmer, is written in each.
_SCRIPTS: Mapping[str, str] = {
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "hy": "\u0530-\u058f",
    "bn": "\u0980-\u09ff",
    "pa": "\u0a00-\u0a7f",
    "gu": "\u0a80-\u0aff",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "kn": "\u0c80-\u0cff",
    "ml": "\u0d00-\u0d7f",
    "si": "\u0d80-\u0dff",
    "th": "\u0e00-\u0e7f",
    "lo": "\u0e80-\u0eff",
    "my": "\u1000-\u109f",
    "ka": "\u10a0-\u10ff\u1c90-\u1cbf",
    "am": "\u1200-\u137f",
    "km": "\u1780-\u17ff",
    "ko": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3",
    "ja": "\u3041-\u30ff",
    "zh": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
}
# Told from everything else first: the expression for each script takes twenty times as long over a Latin text.
_ANY_SCRIPT = re.compile(f"[{''.join(_SCRIPTS.values())}]+")
_SCRIPT_RUN = re.compile("|".join(f"(?P<{language}>[{letters}]+)" for language, letters in _SCRIPTS.items()))
# How many Latin letters one character of these is worth: a word of six letters is about two of them.
_DENSITY: Mapping[str, int] = {"zh": 3, "ja": 3, "ko": 3}
_HAN_TO_KANA = 10

# Letters, and with them the marks of Indic, Hebrew and Arabic words; not the commas and full stops among them.
_WORD = re.compile(
    "[a-z\u00c0-\u060b\u060d-\u061a\u0620-\u06d3\u06d5-\u0963\u0966-\u1fff\u3040-\ud7ff\uf900-\ufdff\uff21-\uffdc]+"
)
# What is not prose, as far as it is cheap to tell: code, addresses, link targets, tags, HTML.
_NOISE = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]{1,200}`|https?://\S+|\[\[[^\[\]|\n]{1,200}(?:\||\]\])"
    r"|\]\([^()\n]{1,500}\)|#[\w/-]+|<[^<>\n]{1,200}>|\$[^$\n]{1,200}\$",
    re.DOTALL,
)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_LOOKED_AT = 3_000
_SAMPLE = 600
# One word repeated, as in a list, is little more evidence than one word.
_REPEATS = 4
# Taken for each other without harm: the stemmer of one serves both.
_SIBLINGS: Mapping[str, str] = {"hr": "sr", "sr": "hr", "id": "ms", "ms": "id"}
_LETTER_WEIGHT = 0.25
_LEAST_SCORE = 1.2
_LEAST_SHARE = 0.12
_LEAST_KINDS = 2
_LEAST_LEAD = 0.15


def identify(text: str) -> str | None:
    """Name the language of a text as an ISO 639-1 code (`no` for both forms of Norwegian, `ckb` for Sorani).

    None means unsure: too short, code, a table, a list of names. Looks at the first 600 characters of prose; with 1,500
    it was right no more often.
    """
    sample = unicodedata.normalize("NFC", _NOISE.sub(" ", text[:_LOOKED_AT])[:_SAMPLE]).lower()
    words = Counter(_WORD.findall(sample))
    if not sample.isascii() and (settled := _by_script(sample, words)):
        return settled
    return _by_words(sample, words)


def common_words(language: str | None) -> frozenset[str]:
    """The commonest words of a language, as written in lower case; none of a language that is told by its script."""
    return frozenset(_WORDS.get(language or "", "").split())


def languages_of_sections(texts: Sequence[str]) -> list[str | None]:
    """Name the language of each section of one note; one that is unsure by itself has that of most of the note."""
    found = [identify(text) for text in texts]
    if None not in found:
        return found
    lengths: Counter[str] = Counter()
    for language, text in zip(found, texts, strict=True):
        if language is not None:
            lengths[language] += len(text)
    own = lengths.most_common(1)[0][0] if lengths else identify("\n".join(text[:_SAMPLE] for text in texts))
    return [language or own for language in found]


def _by_script(sample: str, words: Mapping[str, int]) -> str | None:
    letters: Counter[str] = Counter()
    for run in _SCRIPT_RUN.finditer("".join(_ANY_SCRIPT.findall(sample))):
        language = run.lastgroup or ""
        letters[language] += len(run[0]) * _DENSITY.get(language, 1)
    if not letters:
        return None
    if letters["ja"] * _HAN_TO_KANA > letters["zh"]:
        letters["ja"] += letters.pop("zh", 0)
    language, most = letters.most_common(1)[0]
    others = sum(len(word) * count for word, count in words.items()) - most // _DENSITY.get(language, 1)
    # Foreign names and terms stand in Latin letters among all of these, hardly ever the other way round.
    return language if most > 2 and most * 2 > others else None


def _by_words(sample: str, words: Mapping[str, int]) -> str | None:
    tables = _tables()
    scores: defaultdict[str, float] = defaultdict(float)
    known: defaultdict[str, list[int]] = defaultdict(list)
    for word, times in words.items():
        count = min(times, _REPEATS)
        for owner, weight in tables.words.get(word, ()):
            scores[owner] += count * weight
            # Single letters of ASCII are also what is left of formulas and of encoded data.
            if len(word) > 1 or not word.isascii():
                known[owner].append(count)
    for letter, times in Counter(_NOT_ASCII.findall(sample)).items():
        for owner, weight in tables.letters.get(letter, ()):
            scores[owner] += min(times, _REPEATS) * weight
    return _clear_winner(scores, known, total=sum(min(times, _REPEATS) for times in words.values()))


def _clear_winner(scores: Mapping[str, float], known: Mapping[str, Sequence[int]], *, total: int) -> str | None:
    if not scores:
        return None
    best = max(scores, key=scores.__getitem__)
    rivals = (score for language, score in scores.items() if language not in (best, _SIBLINGS.get(best)))
    counts = known.get(best, ())
    sure = scores[best] >= _LEAST_SCORE and len(counts) >= _LEAST_KINDS and sum(counts) >= _LEAST_SHARE * total
    return best if sure and scores[best] * (1 - _LEAST_LEAD) >= max(rivals, default=0.0) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tables:
    """The languages that have a word, or write a letter, each with what one occurrence says for it."""

    words: Mapping[str, Sequence[tuple[str, float]]]
    letters: Mapping[str, Sequence[tuple[str, float]]]


@functools.cache
def _tables() -> _Tables:
    """Turn the tables round when the first text is read: the server reads none."""
    words = {language: _WORD.findall(unicodedata.normalize("NFC", listed)) for language, listed in _WORDS.items()}
    return _Tables(words=_by_owner(words, weight=1.0), letters=_by_owner(_LETTERS, weight=_LETTER_WEIGHT))


def _by_owner(listed: Mapping[str, Iterable[str]], *, weight: float) -> Mapping[str, Sequence[tuple[str, float]]]:
    """What many languages share says less for each."""
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for language, signs in listed.items():
        for sign in dict.fromkeys(signs):
            owners[sign].append(language)
    return {sign: tuple((owner, weight / len(having)) for owner in having) for sign, having in owners.items()}
