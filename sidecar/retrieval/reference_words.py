"""The words by which a message leans on what was said before it, per language, as data. Knows not what is made of them.

Six languages are known well, five by their commonest words. `Signs` in `anaphora` says what each kind is; phrases are
parted by commas, words by spaces.
"""

from __future__ import annotations

from collections.abc import Mapping

REFERENCE_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "openers": """and, but, or, so, then, also, plus, what about, how about, ok and, okay and, why not,
            what else, who else, where else, anything else""",
        "pronouns": "it he him she hers they them theirs there these those aforementioned same else",
        "near": "its his her their",
        "last": "that this one ones then both others instead former latter previous first second third",
        "phrases": """that one, this one, the one, which one, which ones, the other, the others, another one,
            the first one, the second one, the last one, the next one, about that, about this, of that,
            of this, for that, for this, with that, with this, in that, after that, before that, after this,
            before this, since then, by then, is that, was that, is this, was this, did that, does that,
            do that, did this, like that, why that, that was, that is, more details, more detail, tell me more""",
        "not_pointing": """there is, there are, there was, there were, is there, are there, was there,
            were there, has there, have there been, there been, there be, it is, it takes, it take to,
            is it possible, is it true, is it ok, is it okay, is it worth, is it better, is it best,
            is it safe, is it necessary, is it legal, was it possible, make it possible, time is it, day is it,
            is it raining, does it mean to, does it take to, did it take to, it mean when, these days,
            those who, those that, those which, that is to say, the same time, same as, same day""",
        "moves": """another question, a different question, new question, different question, another topic,
            new topic, a different topic, different topic, something else, something different, unrelated,
            changing the subject, change of subject, change of topic, on another note, moving on, forget that,
            never mind""",
        "talk": """thanks thank lot thx ty cheers ok okay okey great good perfect nice cool awesome excellent super
            fine got understood sure yes yeah yep no nope please pls continue go on ahead keep going more
            further shorter short longer long brief briefly briefer simpler simple simply clearer again repeat
            retry rephrase reword rewrite rewritten translate translation summarise summarize summary elaborate
            expand detailed explain write make put turn better wrong sorry hi hello hey bye much very really
            helpful interesting wow lol""",
        "shapes": """english portuguese spanish italian french german list bullet bullets points table markdown
            format sentence sentences paragraph word words one two three five ten first second third point part
            right answer response reply details detail""",
        "into": "in as into to with only just",
        "asking": "what which who whose when where why how note notes vault",
        "light": """much many long often old far kind sort type way thing things s t d ll re ve m really
            exactly actually please happen happened happens know think else get got go went come came take took""",
    },
    "pt": {
        "openers": """e, mas, ou, então, também, e sobre, e quanto a, e que tal, que tal, além disso,
            porque não, por que não, que mais, quem mais, o que mais, mais alguma coisa, mais algum,
            mais alguém""",
        "pronouns": """ele ela eles elas dele dela deles delas nele nela neles nelas isso isto aquilo disso
            disto daquilo nisso nisto naquilo esse essa esses essas desse dessa desses dessas nesse nessa
            nesses nessas este esta estes estas deste desta destes destas neste nesta nestes nestas aquele
            aquela aqueles aquelas daquele daquela daqueles daquelas naquele naquela naqueles naquelas lhe lhes
            lá ali mesmo mesma mesmos mesmas""",
        "near": "seu sua seus suas",
        "last": """outro outra outros outras ambos primeiro primeira segundo segunda terceiro terceira último
            última anterior""",
        "phrases": "qual delas, qual deles, mais detalhes",
        "not_pointing": """esta semana, este mês, este ano, esta manhã, esta tarde, esta noite, nesta semana,
            neste mês, neste ano, desta semana, deste mês, deste ano, nesta manhã, nesta tarde, nesta noite,
            o que está, está em, onde está, como está, mesmo tempo, até mesmo, hoje mesmo, mesmo que,
            mesmo dia, essa semana, esse mês, esse ano""",
        "moves": """outra coisa, outro assunto, outra pergunta, outra questão, nova pergunta, outro tema,
            mudando de assunto, mudar de assunto, esquece isso, esqueça isso, deixa para lá""",
        "talk": """obrigado obrigada brigado brigada valeu ok okay certo perfeito ótimo legal bom boa excelente
            entendi entendido sim não claro por favor continua continue continuar prossegue prossiga mais menos
            curto curta curtos resumido resumida longo longa breve brevemente simples simplifica simplifique
            novamente repete repita reescreve reescreva reformula reformule traduz traduza tradução traduzir
            resume resuma resumir detalhado detalha explica explique explicar melhor escreve escreva faz faça
            põe ponha coloca coloque errado desculpa desculpe olá oi tchau muito muita interessante""",
        "shapes": """inglês português espanhol italiano francês alemão lista tabela tópicos pontos ponto parte
            formato markdown frase frases parágrafo palavras uma duas três cinco primeiro segundo resposta
            resumo detalhe detalhes""",
        "into": "em como para com só apenas",
        "asking": "que quê qual quais quem quando onde porquê porque quanto quantos quanta quantas nota notas",
        "light": """tempo vez vezes tipo coisa coisas forma modo ainda quanta quantas aconteceu acontece
            exatamente favor saber sabe foi era pois""",
    },
    "es": {
        "openers": """y, e, pero, o, entonces, también, y qué tal, qué tal, y sobre, y en cuanto a, además,
            por qué no, qué más, quién más, algo más, alguien más""",
        "pronouns": """él ella ellos ellas eso esto aquello ese esa esos esas este esta estos estas aquel
            aquella aquellos aquellas suyo suya suyos suyas ahí allí allá mismo misma mismos mismas""",
        "near": "le les su sus",
        "last": """otro otra otros otras ambos ambas lo entonces primero primera segundo segunda tercero
            tercera último última anterior""",
        "phrases": """lo hizo, lo hace, lo hicieron, lo dijo, lo escribió, lo pagó, lo compró, lo vi, lo tengo,
            cuál de ellos, cuál de ellas, más detalles""",
        "not_pointing": """esta semana, este mes, este año, esta mañana, esta tarde, esta noche,
            este fin de semana, está en, dónde está, cómo está, qué está, el mismo tiempo, al mismo tiempo,
            hoy mismo, el mismo día, ese mes, esa semana, ese año""",
        "moves": """otra cosa, otro tema, otro asunto, otra pregunta, nueva pregunta, cambiando de tema,
            cambiar de tema, cambio de tema, olvida eso, olvídalo""",
        "talk": """gracias ok okay vale bien perfecto genial bueno buena excelente entendido entiendo sí no
            claro por favor continúa continúe continuar sigue siga seguir más menos corto corta cortos resumido
            largo larga breve brevemente simple sencillo sencilla simplifica nuevo otra vez repite repita
            reescribe reescriba reformula traduce traduzca traducir traducción tradúcelo tradúcela resume
            resuma resumir resúmelo detallado detalla explica explique explicar explícalo mejor escribe escriba
            haz hazlo haga pon ponlo mal incorrecto perdón hola adiós mucho muchas muchísimas interesante""",
        "shapes": """inglés portugués español italiano francés alemán lista tabla puntos punto parte formato
            markdown frase frases párrafo palabras una dos tres cinco primero segundo respuesta resumen detalle
            detalles""",
        "into": "en como para con solo sólo",
        "asking": "qué cuál cuáles quién quiénes cuándo dónde cómo cuánto cuántos cuánta cuántas nota notas",
        "light": """tiempo vez veces tipo cosa cosas forma modo cuánta cuántas ocurrió ocurre pasó pasa
            exactamente favor saber sabe fue era aún todavía""",
    },
    "it": {
        "openers": """e, ed, ma, o, allora, quindi, poi, anche, e per, e riguardo a, inoltre, perché no,
            cos altro, che altro, chi altro, qualcos altro, qualcun altro""",
        "pronouns": """lui lei loro esso essa essi esse questo questa questi queste quello quella quelli quelle
            quell quest ciò ne lì là stesso stessa stessi stesse""",
        "near": "suo sua suoi sue",
        "last": """altro altra altri altre entrambi lo primo prima secondo seconda terzo terza ultimo ultima
            precedente""",
        "phrases": """l ha, l hanno, l hai, l ho, l aveva, lo ha, la ha, lo fa, lo hanno, li ha, quale di loro,
            più dettagli""",
        "not_pointing": """c è, ci sono, c era, ci vuole, ci vogliono, questa settimana, questo mese,
            quest anno, questa mattina, stamattina, questa sera, questo pomeriggio, ci si, quello che,
            quelli che, quella che, quelle che, ciò che, stesso tempo, stesso giorno""",
        "moves": """un altra cosa, altra cosa, altro argomento, un altra domanda, altra domanda, nuova domanda,
            cambiando argomento, cambiare argomento, cambiamo argomento, cambio argomento, lascia stare""",
        "talk": """grazie ok okay va bene perfetto ottimo bello buono buona eccellente capito sì no certo per
            favore continua continui continuare prosegui vai avanti più meno corto corta breve brevemente lungo
            lunga semplice semplicemente semplifica chiaro nuovo ancora ripeti ripetere riscrivi riscrivere
            riformula traduci tradurre traduzione traducilo riassumi riassumere riassumilo dettagliato spiega
            spiegare spiegami meglio scrivi scrivilo fai fallo metti mettilo sbagliato scusa ciao mille molte
            tante interessante""",
        "shapes": """inglese portoghese spagnolo italiano francese tedesco elenco lista tabella punti punto
            parte formato markdown frase frasi paragrafo parole una due tre cinque primo secondo risposta
            riassunto dettaglio dettagli""",
        "into": "in come per con solo",
        "asking": "che cosa quale quali chi quando dove perché quanto quanti quanta quante nota note appunti",
        "light": """tempo volta volte tipo cosa cose modo quanta quante successo successe succede esattamente
            favore sapere sa stato stata stati state c d l s t""",
    },
    "fr": {
        "openers": """et, mais, ou, alors, donc, puis, aussi, et pour, et à propos de, qu en est il de,
            de plus, pourquoi pas, quoi d autre, qui d autre, autre chose à, rien d autre""",
        "pronouns": "lui cela ceci ça ca celui celle ceux celles ce cet cette ces eux y là même mêmes dedans dessus",
        "near": "il elle ils elles son sa ses leur leurs",
        "last": """autre autres premier première deuxième second seconde troisième dernier dernière précédent
            précédente""",
        "phrases": "l a, l ont, l avait, l as, l ai, lequel d entre, laquelle d entre, plus de détails",
        "not_pointing": """il y a, y a t il, y avait il, il faut, faut il, il est possible, est il possible,
            est il vrai, est ce que, est ce qu, qu est ce, ce que, ce qu, ce qui, ceux qui, celui qui,
            celle qui, celui de, celle de, ceux de, c est, cette semaine, ce mois, cette année, ce matin,
            ce soir, cet après midi, ces jours, en même temps, même temps, même jour, quand même,
            quelle heure est il, le même, pleut il, il pleut""",
        "moves": """autre chose, un autre sujet, autre sujet, une autre question, autre question,
            nouvelle question, changeons de sujet, changer de sujet, laisse tomber, oublie ça""",
        "talk": """merci ok okay d accord parfait super génial bien bon bonne excellent compris oui non entendu
            stp svp s il te vous plaît continue continuez continuer vas y poursuis plus moins court courte bref
            brève brièvement long longue simple simplement simplifie clair nouveau encore fois répète répéter
            réécris reformule reformuler traduis traduire traduction traduisez résume résumer résumez détaillé
            détaille explique expliquer mieux écris écrire fais mets faux pardon désolé bonjour salut beaucoup
            mille très intéressant""",
        "shapes": """anglais portugais espagnol italien français allemand liste tableau points point partie
            format markdown phrase phrases paragraphe mots une deux trois cinq premier second réponse résumé
            détail détails""",
        "into": "en comme pour avec seulement",
        "asking": "quoi que quel quelle quels quelles qui quand où pourquoi combien comment note notes",
        "light": """temps fois type sorte chose choses façon combien passé passe arrivé exactement plaît savoir
            sait a ont avait été t il elle ils elles est ce""",
    },
    "de": {
        "openers": """und, aber, oder, also, dann, auch, außerdem, und was ist mit, was ist mit,
            wie sieht es mit, wie steht es mit, und wie wäre es mit, warum nicht, was noch, wer noch, wo noch,
            sonst noch""",
        "pronouns": """er es ihn ihm ihnen dies dieser diese dieses diesen diesem jener jene jenes jenen jenem
            dort darin darüber darum
            darunter hierzu dran drauf drin davon dafür dagegen daran darauf dabei dazu danach davor daraus dadurch
            damals
            derselbe dieselbe dasselbe denselben demselben solche solcher solches""",
        "near": "ihr ihre ihren ihrem ihrer sein seine seinen seinem seiner dessen deren",
        "last": """das der die den dem da sie denen damit andere anderen anderer anderes beide erste ersten
            zweite zweiten dritte dritten letzte letzten""",
        "phrases": """das denn, das genau, das nochmal, das noch mal, das eigentlich, das jetzt, das gewesen,
            das gekostet, das gemacht, das gesagt, das geschrieben, das passiert, hat das, hat sie, war sie,
            ist sie, haben sie, waren sie, sind sie, wird sie, hatte sie, wurde sie, mehr details, mehr dazu""",
        "not_pointing": """gibt es, gab es, es gibt, es gab, ist es möglich, war es möglich, ist es wahr,
            ist es besser, geht es, ging es, es geht, es ging, handelt es sich, es sich, regnet es,
            diese woche, diesen monat, dieses jahr, dieser woche, diesem monat, diesem jahr, diesen morgen,
            zu sein, wird sein, ist sein, wie spät ist es, dabei sein""",
        "moves": """andere frage, eine andere frage, neue frage, anderes thema, ein anderes thema, neues thema,
            themawechsel, thema wechseln, etwas anderes, was anderes, was ganz anderes, vergiss es, vergiss das""",
        "talk": """danke dankeschön dank ok okay gut super toll perfekt prima klasse schön alles klar
            verstanden ja nein doch genau bitte weiter fortfahren fahre fort mach mache mehr weniger kürzer
            kurz länger lang knapp knapper einfach einfacher klarer deutlicher nochmal mal erneut wiederhole
            wiederholen umschreiben umformulieren formuliere schreibe schreib übersetze übersetz übersetzen
            übersetzung fasse fass zusammen zusammenfassen detaillierter ausführlicher ausführlich erkläre
            erklär erklären besser falsch entschuldigung hallo tschüss viel vielen sehr interessant""",
        "shapes": """englisch englische portugiesisch portugiesische spanisch spanische italienisch
            italienische französisch französische deutsch deutsche liste tabelle punkte punkt teil stichpunkte
            stichpunkten format markdown satz sätze sätzen absatz wörter worten ein zwei drei fünf ersten
            zweiten antwort zusammenfassung detail details""",
        "into": "auf in als ins mit nur",
        "asking": "was welche welcher welches wer wen wem wann wo warum wie wieso woher wohin notiz notizen",
        "light": """viel viele lange lang oft alt art weise ding dinge passiert geschehen genau eigentlich
            bitte wissen weiß mal denn nochmal wieviel gewesen geworden worden""",
    },
    "ru": {
        "openers": """а, и, но, или, тогда, также, ещё, еще, а как насчёт, как насчёт, а что насчёт,
            что насчёт, почему нет""",
        "pronouns": """он она оно они ему ей им ими нём ней нем нею ним них него неё нее нему это этот эта эти
            этого этой этому этом этим этих этими то тот та те того той тому том тем тех там туда тогда такой
            такая такие""",
        "near": "его её ее их",
        "phrases": "больше подробностей",
        "not_pointing": """на этой неделе, в этом месяце, в этом году, то есть, то что, том что, того что,
            тем что, та что""",
        "moves": "другой вопрос, другая тема, новый вопрос, сменим тему, о другом",
        "talk": """спасибо ок окей хорошо отлично супер понятно понял поняла да нет пожалуйста продолжай
            продолжи продолжайте дальше ещё еще короче длиннее кратко проще подробнее подробно снова повтори
            перепиши переведи переведите перевод на суммируй резюме объясни это большое привет сделай напиши""",
        "shapes": """английский русский немецкий французский испанский итальянский португальский список списком
            таблица таблицей таблицу пункты ответ""",
        "into": "на в как",
        "asking": "кто что когда где куда какой какая какие сколько почему зачем заметки заметках",
        "light": """кто кого кому кем что чего чему чем когда где куда откуда как какой какая какое какие
            какого какую каком каким каких какими который которая сколько почему зачем ли был была было были
            есть быть в во на с со к ко по о об обо из за от до для при у не же бы мне меня мной я мы мой моя
            мои мое моё моих ты вы заметках заметки много долго часто стало случилось произошло чей чья чьё
            этот и а но или""",
    },
    "el": {
        "openers": "και, κι, αλλά, ή, τότε, επίσης, τι γίνεται με, γιατί όχι, τι άλλο",
        "pronouns": """αυτός αυτή αυτό αυτοί αυτές αυτά αυτού αυτής αυτών αυτόν αυτήν εκείνος εκείνη εκείνο
            εκεί εκείνα τους τότε""",
        "not_pointing": "αυτή την εβδομάδα, αυτόν τον μήνα, αυτό το μήνα",
        "moves": "άλλη ερώτηση, άλλο θέμα, κάτι άλλο",
        "talk": """ευχαριστώ εντάξει οκ ωραία τέλεια ναι όχι παρακαλώ συνέχισε συνέχεια πιο σύντομα απλά ξανά
            μετάφρασε μετάφραση στα το αυτό εξήγησε πολύ γεια""",
        "shapes": "αγγλικά ελληνικά λίστα",
        "into": "στα ως σε",
        "asking": "ποιος ποια ποιο τι πότε πού πώς πόσο γιατί",
        "light": """ποιος ποια ποιο ποιοι ποιες τι πότε πού που πώς πως πόσο πόσα πόσοι πόσες γιατί είναι ήταν
            έχει είχε ο η το οι τα του της των τον την στο στη στην στον στα με σε από για να θα δεν μου μας
            σου και κόστισε""",
    },
    "zh": {
        "openers": "那, 那么, 那麼, 还有, 還有, 但是, 可是, 而且, 然后, 然後, 另外",
        "pronouns": """它 他 她 它们 他们 她们 它們 他們 她們 这个 那个 這個 那個 这些 那些 這些 这件 那件 这次
            那次 那里 那裡 那时 当时 其中 后者 前者""",
        "phrases": "呢",
        "not_pointing": "其他, 这个月, 这个星期, 這個月, 这周, 吉他, 他人",
        "moves": "另一个问题, 另外一个问题, 换个话题, 換個話題, 别的问题, 新问题",
        "talk": """谢谢 謝謝 多谢 好的 好 可以 继续 繼續 请继续 请 更短 短一点 简短 简单 简短一点 更详细 详细
            详细一点 总结 总结一下 翻译 翻译成 再 说 一遍 一下 明白了 明白 知道了 是的 不 是 解释 再说""",
        "shapes": "英文 英语 中文 列表 表格 它 这个 成 用 把 一点",
        "light": """什么时候 什麼時候 什么 什麼 多少 为什么 為什麼 怎么样 怎么 怎麼 怎样 如何 哪里 哪裡 哪儿
            哪个 哪個 哪些 哪一 哪 谁 誰 何时 何時 多久 多大 几 钱 的 是 了 吗 嗎 呢 在 有 和 与 我 你 们 個 个
            时候""",
    },
    "ja": {
        "openers": "では, じゃあ, それで, それから, そして, でも, しかし, また, あと, ちなみに",
        "pronouns": "それ これ あれ その この あの そこ ここ あそこ 彼 彼女 彼ら そちら こちら 当時",
        "not_pointing": "これから, この一週間",
        "moves": "別の質問, 別の話, 話は変わ, ところで",
        "talk": """ありがとうございます ありがとう どうも はい いいえ オーケー わかりました 了解 続けて 続き
            ください もっと 短く 長く 簡単に 詳しく 要約して 要約 翻訳して 翻訳 もう一度 説明して 説明
            お願いします お願い""",
        "shapes": "英語 日本語 表 リスト それ これ に で を して",
        "light": """いつ どこ だれ 誰 なに 何 なぜ どうして どう いくら どの どれ どのくらい ですか でした です
            ますか ました ます した する は が を に の で と も か へ から まで より""",
    },
    "th": {
        "openers": "เขา, เธอ, มัน, แล้ว, และ, แต่, หรือ, ส่วน, ถ้าอย่างนั้น, งั้น",
        "pronouns": "พวกเขา พวกมัน นั้น นั่น ที่นั่น ตอนนั้น ดังกล่าว",
        "phrases": "ล่ะ, ของมัน, ของเขา, ของเธอ, กับมัน, กับเขา, กับเธอ, ให้เขา, ให้เธอ",
        "not_pointing": "เท่านั้น, ภูเขา, ดังนั้น",
        "moves": "อีกคำถาม, เรื่องอื่น, เปลี่ยนเรื่อง, คำถามใหม่",
        "talk": """ขอบคุณครับ ขอบคุณค่ะ ขอบคุณ ครับ ค่ะ โอเค ดี ดีมาก ใช่ ไม่ ต่อ ต่อไป ทำต่อ ขอ สั้นๆ สั้น ยาว ละเอียด แปล
            สรุป อธิบาย อีกครั้ง หน่อย เพิ่มเติม มาก""",
        "shapes": "ภาษา อังกฤษ ไทย เป็น นี้ กว่า ให้",
        "light": """เมื่อไหร่ เมื่อไร เมื่อใด ที่ไหน ที่ใด อะไร ใคร ทำไม อย่างไร ยังไง เท่าไหร่ เท่าไร เท่าใด กี่ คือ เป็น
            ของ ที่ ใน และ ได้ มี การ ความ จาก ให้ ว่า ไหน ใด บ้าง เพราะเหตุใด""",
    },
}
