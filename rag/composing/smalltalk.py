"""Small talk: a short, true answer, with questions that this library can be asked. No model, no
citation.

Which of a few replies it is, and in which language, is the nearest template's.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Literal

from index.article import Head
from index.encoding.encoder import Encoder
from rag.asking import Asked
from rag.compose import Outcome
from rag.composing.parts import Parts
from rag.events import Event
from rag.understanding.templates import near_templates

if TYPE_CHECKING:
    from index.library import Library  # imports faiss

Reply = Literal["greeting", "thanks", "capabilities", "identity", "goodbye", "sorry"]
Language = Literal["en", "de", "fr", "es"]

# What people say, by the reply that it gets. A language has templates for all that it has words for
# below, or none.
_SAID: Mapping[tuple[Reply, Language], tuple[str, ...]] = {
    ("greeting", "en"): (
        "hello", "hi", "hey there", "good morning", "good evening", "how are you?", "what's up",
        "nice to meet you",
    ),
    ("thanks", "en"): (
        "thanks", "thank you very much", "thanks, that helps", "great, that was useful",
        "well done", "ok, got it", "cool",
    ),
    ("capabilities", "en"): (
        "what can you do?", "help", "how does this work?", "what can I ask you?",
        "how do I use this?", "what are you for?", "can you help me?", "can you speak German?",
    ),
    ("identity", "en"): (
        "who are you?", "what are you?", "are you a robot?", "are you human?", "are you ChatGPT?",
        "what is your name?", "who made you?", "which model are you?", "how old are you?",
    ),
    ("goodbye", "en"): ("bye", "goodbye", "see you later", "that's all for today", "good night"),
    ("sorry", "en"): (
        "sorry", "sorry, wrong button", "never mind", "my mistake", "forget it", "oops",
        "test", "ignore that",
    ),
    ("greeting", "de"): ("Hallo", "Moin", "Guten Tag", "Guten Morgen", "Grüß Gott"),
    ("thanks", "de"): ("Danke", "Vielen Dank", "Danke schön, das hilft"),
    ("capabilities", "de"): ("Was kannst du?", "Hilfe", "Wie funktioniert das?"),
    ("identity", "de"): ("Wer bist du?", "Bist du ein Roboter?"),
    ("goodbye", "de"): ("Tschüss", "tschüß", "Auf Wiedersehen", "Bis später"),
    ("sorry", "de"): ("Entschuldigung", "Egal, vergiss es"),
    ("greeting", "fr"): ("Bonjour", "Salut", "Bonsoir"),
    ("thanks", "fr"): ("Merci", "Merci beaucoup"),
    ("capabilities", "fr"): ("Que peux-tu faire ?", "Aide", "Comment ça marche ?"),
    ("identity", "fr"): ("Qui es-tu ?", "Es-tu un robot ?"),
    ("goodbye", "fr"): ("Au revoir", "À bientôt"),
    ("sorry", "fr"): ("Pardon", "Laisse tomber"),
    ("greeting", "es"): ("Hola", "Buenos días", "Buenas tardes"),
    ("thanks", "es"): ("Gracias", "Muchas gracias"),
    ("capabilities", "es"): ("¿Qué puedes hacer?", "Ayuda", "¿Cómo funciona?"),
    ("identity", "es"): ("¿Quién eres?", "¿Eres un robot?"),
    ("goodbye", "es"): ("Adiós", "Hasta luego"),
    ("sorry", "es"): ("Perdón", "Olvídalo"),
}  # fmt: skip
_SURE = 0.6  # cosine to a template of another language, below which the answer is in English

_WORDS: Mapping[Language, Mapping[Reply | Literal["try", "empty"], str]] = {
    "en": {
        "greeting": "Hello! Ask me about the articles in this library.",
        "thanks": "You’re welcome! Ask me whenever there is more.",
        "capabilities": (
            "I answer questions from the articles in this library: a fact, an overview, an "
            "article’s main points, what happened on a day, a list, a comparison, or which "
            "articles there are. Each sentence shows the exact words of the article that it comes "
            "from, and where the articles don’t say, I say so."
        ),
        "identity": (
            "I’m Dateline, a program that answers questions from the news articles in this "
            "library, with their exact words as sources. I’m no person, and I have no opinions of "
            "my own."
        ),
        "goodbye": "Goodbye! The library stays as it is.",
        "sorry": "No problem. Ask again whenever you like.",
        "try": "You could ask: {}",
        "empty": "The library has no articles yet: add some, and I can answer from them.",
    },
    "de": {
        "greeting": "Hallo! Frag mich etwas über die Artikel in dieser Bibliothek.",
        "thanks": "Gern! Frag einfach weiter.",
        "capabilities": (
            "Ich beantworte Fragen aus den Artikeln dieser Bibliothek. Jeder Satz zeigt die "
            "genauen Worte des Artikels, aus dem er stammt, und wo die Artikel nichts sagen, "
            "sage ich das."
        ),
        "identity": (
            "Ich bin Dateline, ein Programm, das Fragen aus den Artikeln dieser Bibliothek "
            "beantwortet. Ich bin kein Mensch und habe keine eigene Meinung."
        ),
        "goodbye": "Auf Wiedersehen! Die Bibliothek bleibt, wie sie ist.",
        "sorry": "Kein Problem. Frag einfach noch einmal.",
        "try": "Zum Beispiel: {}",
        "empty": "Die Bibliothek ist noch leer: Füge Artikel hinzu, dann kann ich antworten.",
    },
    "fr": {
        "greeting": "Bonjour ! Posez-moi une question sur les articles de cette bibliothèque.",
        "thanks": "Avec plaisir ! N’hésitez pas à continuer.",
        "capabilities": (
            "Je réponds aux questions à partir des articles de cette bibliothèque. Chaque phrase "
            "montre les mots exacts de l’article dont elle vient, et quand les articles ne disent "
            "rien, je le dis."
        ),
        "identity": (
            "Je suis Dateline, un programme qui répond à partir des articles de cette "
            "bibliothèque. Je ne suis pas une personne et je n’ai pas d’opinion."
        ),
        "goodbye": "Au revoir ! La bibliothèque reste telle quelle.",
        "sorry": "Pas de problème. Demandez quand vous voulez.",
        "try": "Par exemple : {}",
        "empty": "La bibliothèque est encore vide : ajoutez des articles et je pourrai répondre.",
    },
    "es": {
        "greeting": "¡Hola! Pregúntame sobre los artículos de esta biblioteca.",
        "thanks": "¡De nada! Pregunta lo que quieras.",
        "capabilities": (
            "Respondo preguntas a partir de los artículos de esta biblioteca. Cada frase muestra "
            "las palabras exactas del artículo de donde viene, y si los artículos no lo dicen, lo "
            "digo."
        ),
        "identity": (
            "Soy Dateline, un programa que responde a partir de los artículos de esta biblioteca. "
            "No soy una persona ni tengo opiniones."
        ),
        "goodbye": "¡Adiós! La biblioteca se queda como está.",
        "sorry": "No pasa nada. Pregunta cuando quieras.",
        "try": "Por ejemplo: {}",
        "empty": "La biblioteca aún está vacía: añade artículos y podré responder.",
    },
}
_WITH_EXAMPLES: frozenset[Reply] = frozenset({"greeting", "capabilities", "identity"})

_LONGEST = 80  # characters of a title in an example


def smalltalk(parts: Parts, asked: Asked, query: str) -> Generator[Event, None, Outcome]:
    yield from ()  # there is nothing to tell before it is done
    reply, language = reply_to(asked.question, parts.encoder)
    words = _WORDS[language]
    said = words[reply]
    if reply in _WITH_EXAMPLES:
        if not len(parts.library):
            said = f"{said} {words['empty']}"
        elif found := examples(parts.library):
            said = f"{said} {words['try'].format(' · '.join(found))}"
    return Outcome(query, said=said)


def reply_to(text: str, encoder: Encoder) -> tuple[Reply, Language]:
    """Of the nearest template; in English where another language's isn't near."""
    said = [(way, template) for way, templates in _SAID.items() for template in templates]
    [cosines] = near_templates(encoder.encode([text]), [template for _, template in said], encoder)
    ranked = sorted(zip(cosines.tolist(), said, strict=True), key=lambda found: -found[0])
    sure, ((reply, language), _) = ranked[0]
    if language != "en" and sure < _SURE:
        return next((way for _, (way, _) in ranked if way[1] == "en"), ("greeting", "en"))
    return reply, language


def examples(library: Library) -> list[str]:
    """Two or three questions that the library's own articles answer: the newest one's main points,
    what there is from the outlet with most articles, what was in the news on the newest day."""
    newest = library.heads(12)
    found: list[str] = []
    for head in newest:
        if head.copy_of is None and (title := _title(head)):
            found.append(f"Summarise “{title}”")
            break
    counts = library.sources()
    if counts:
        outlet = " ".join(max(counts, key=lambda name: (counts[name], name)).split())
        if _plain(outlet):
            found.append(f"What do you have from {outlet}?")
    day = newest[0].published if newest else None
    if day is not None:
        found.append(f"What was in the news on {day.day} {day:%B %Y}?")
    return found or ["Which articles do you have?"]


def _title(head: Head) -> str:
    title = " ".join(head.title.split())
    return title if _plain(title) and len(title) <= _LONGEST else ""


def _plain(text: str) -> bool:
    """Whether a title can stand in a sentence of ours: nothing of it looks like a citation."""
    return not set(text) & set("[]“”")
