/** The words of the sample prompts in each language. */
import type { Language } from "../texts/section";
import type { SampleId } from "./sample_prompts";

interface Words {
  readonly name: string;
  readonly description: string;
  readonly body: string;
}

const TEXT = "\n\n{{selection}}";
const TEXT_OR_NOTE = "\n\n{{#if selection}}\n{{selection}}\n{{else}}\n{{note}}\n{{/if}}";

export const SAMPLE_WORDS: Readonly<Record<Language, Readonly<Record<SampleId, Words>>>> = {
  en: {
    tone: { name: "Change the tone", description: "Asks for a tone and rewrites the text in it", body: `Rewrite the following text in this tone: {{choose:Which tone?|friendly|formal|plain}}. Keep its meaning, its language and its Markdown.${TEXT}` },
    list: { name: "As a list", description: "Turns the text into a list", body: `Turn the following text into a Markdown list, one point per line, in its own language. Leave nothing out and add nothing.${TEXT}` },
    tasks: { name: "Find the tasks", description: "Lists what there is to do, below the text", body: `Today is {{date:dddd D MMMM YYYY}}. List what there is to do according to the following text. Begin each line with "- [ ] ".${TEXT_OR_NOTE}` },
    outline: { name: "Plan a text", description: "Makes a new note with an outline", body: `Write an outline in Markdown for a text about: {{input:What is the text about?|{{title}}}}. It is for: {{input:Who will read it?}}.\n\n{{#if selection}}\nUse these notes:\n\n{{selection}}\n{{/if}}` },
    links: { name: "What fits together", description: "Asks how related notes fit this one", body: "How do the following notes fit the note “{{title}}”? Name what they agree on, what they contradict, and what none of them answers.\n\n{{note|first:4000}}\n\nRelated notes:\n\n{{related:5}}" },
  },
  pt: {
    tone: { name: "Mudar o tom", description: "Pergunta o tom e reescreve o texto", body: `Reescreva o texto a seguir neste tom: {{choose:Qual tom?|amigável|formal|simples}}. Mantenha o sentido, o idioma e o Markdown.${TEXT}` },
    list: { name: "Em lista", description: "Transforma o texto em uma lista", body: `Transforme o texto a seguir em uma lista em Markdown, um item por linha, no próprio idioma do texto. Não omita nem acrescente nada.${TEXT}` },
    tasks: { name: "Encontrar as tarefas", description: "Lista o que há para fazer, abaixo do texto", body: `Hoje é {{date:dddd, D [de] MMMM [de] YYYY}}. Liste o que há para fazer de acordo com o texto a seguir. Comece cada linha com "- [ ] ".${TEXT_OR_NOTE}` },
    outline: { name: "Planejar um texto", description: "Cria uma nova nota com um roteiro", body: `Escreva em Markdown o roteiro de um texto sobre: {{input:Qual é o tema do texto?|{{title}}}}. Destina-se a: {{input:Quem vai lê-lo?}}.\n\n{{#if selection}}\nUse estas anotações:\n\n{{selection}}\n{{/if}}` },
    links: { name: "O que se relaciona", description: "Pergunta como as notas relacionadas combinam com esta", body: "Como as notas a seguir se relacionam com a nota “{{title}}”? Indique em que concordam, o que contradizem e o que nenhuma delas responde.\n\n{{note|first:4000}}\n\nNotas relacionadas:\n\n{{related:5}}" },
  },
  es: {
    tone: { name: "Cambiar el tono", description: "Pregunta el tono y reescribe el texto", body: `Reescribe el texto siguiente en este tono: {{choose:¿Qué tono?|amable|formal|sencillo}}. Conserva el sentido, el idioma y el Markdown.${TEXT}` },
    list: { name: "En forma de lista", description: "Convierte el texto en una lista", body: `Convierte el texto siguiente en una lista en Markdown, un punto por línea, en su propio idioma. No omitas ni añadas nada.${TEXT}` },
    tasks: { name: "Encontrar las tareas", description: "Enumera lo que hay que hacer, debajo del texto", body: `Hoy es {{date:dddd, D [de] MMMM [de] YYYY}}. Enumera lo que hay que hacer según el texto siguiente. Empieza cada línea con "- [ ] ".${TEXT_OR_NOTE}` },
    outline: { name: "Planificar un texto", description: "Crea una nota nueva con un esquema", body: `Escribe en Markdown el esquema de un texto sobre: {{input:¿De qué trata el texto?|{{title}}}}. Es para: {{input:¿Quién lo va a leer?}}.\n\n{{#if selection}}\nUsa estos apuntes:\n\n{{selection}}\n{{/if}}` },
    links: { name: "Qué se relaciona", description: "Pregunta cómo encajan las notas relacionadas con esta", body: "¿Cómo encajan las notas siguientes con la nota «{{title}}»? Di en qué coinciden, qué contradicen y qué no responde ninguna de ellas.\n\n{{note|first:4000}}\n\nNotas relacionadas:\n\n{{related:5}}" },
  },
  it: {
    tone: { name: "Cambia il tono", description: "Chiede il tono e riscrive il testo", body: `Riscrivi il testo seguente con questo tono: {{choose:Quale tono?|cordiale|formale|semplice}}. Mantieni il significato, la lingua e il Markdown.${TEXT}` },
    list: { name: "Come elenco", description: "Trasforma il testo in un elenco", body: `Trasforma il testo seguente in un elenco Markdown, un punto per riga, nella sua lingua. Non tralasciare e non aggiungere nulla.${TEXT}` },
    tasks: { name: "Trova le attività", description: "Elenca le cose da fare, sotto il testo", body: `Oggi è {{date:dddd D MMMM YYYY}}. Elenca che cosa c’è da fare secondo il testo seguente. Inizia ogni riga con "- [ ] ".${TEXT_OR_NOTE}` },
    outline: { name: "Progetta un testo", description: "Crea una nuova nota con una scaletta", body: `Scrivi in Markdown la scaletta di un testo su: {{input:Di che cosa parla il testo?|{{title}}}}. È per: {{input:Chi lo leggerà?}}.\n\n{{#if selection}}\nUsa questi appunti:\n\n{{selection}}\n{{/if}}` },
    links: { name: "Che cosa si collega", description: "Chiede come le note correlate si legano a questa", body: "Come si legano le note seguenti alla nota «{{title}}»? Indica su che cosa concordano, che cosa contraddicono e a che cosa nessuna risponde.\n\n{{note|first:4000}}\n\nNote correlate:\n\n{{related:5}}" },
  },
  fr: {
    tone: { name: "Changer de ton", description: "Demande le ton et réécrit le texte en conséquence", body: `Réécris le texte suivant sur ce ton : {{choose:Quel ton ?|aimable|soutenu|simple}}. Garde le sens, la langue et le Markdown.${TEXT}` },
    list: { name: "Sous forme de liste", description: "Transforme le texte en liste", body: `Transforme le texte suivant en liste Markdown, un point par ligne, dans sa propre langue. N’omets rien et n’ajoute rien.${TEXT}` },
    tasks: { name: "Trouver les tâches", description: "Liste ce qu’il y a à faire, sous le texte", body: `Nous sommes le {{date:dddd D MMMM YYYY}}. Liste ce qu’il y a à faire d’après le texte suivant. Commence chaque ligne par "- [ ] ".${TEXT_OR_NOTE}` },
    outline: { name: "Préparer un texte", description: "Crée une note avec un plan", body: `Écris en Markdown le plan d’un texte sur : {{input:De quoi parle le texte ?|{{title}}}}. Il s’adresse à : {{input:Qui le lira ?}}.\n\n{{#if selection}}\nUtilise ces notes :\n\n{{selection}}\n{{/if}}` },
    links: { name: "Ce qui va ensemble", description: "Demande quel lien les notes connexes ont avec celle-ci", body: "Quel est le lien entre les notes suivantes et la note « {{title}} » ? Indique sur quoi elles s’accordent, ce qu’elles contredisent et ce à quoi aucune d’elles ne répond.\n\n{{note|first:4000}}\n\nNotes connexes :\n\n{{related:5}}" },
  },
};
