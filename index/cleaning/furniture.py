# ruff: noqa: E501 (patterns read better unbroken)
"""Lines that a saved news page carries and a reader wouldn't call the article.

Each rule is a name and a pattern that must match one whole line. They come from how news sites
of many outlets label their furniture (share bars, credits, newsletter boxes, cookie notices,
comment forms), not from single pages, and are anchored at the line's start or end so that a
sentence which only mentions such a thing stays. This module looks at one line at a time and
knows nothing of its neighbours: `index.cleaning.clean` decides with those.
"""

from __future__ import annotations

import re

_FLAGS = re.IGNORECASE

_AGENCIES = (
    r"(?:Getty(?: Images)?|AFP|Reuters|EPA(?:-EFE)?|EFE|PA(?: Media| Wire)?"
    r"|AP(?: Photo)?|Associated Press|Anadolu(?: Agency)?|Bloomberg|TASS|Sputnik|Xinhua|Alamy"
    r"(?: Stock Photo| Live News)?|Shutterstock|Rex Features|NurPhoto|ZUMA(?: Press)?|iStock(?:photo)?"
    r"|Kyodo(?: News)?|dpa|Imago|UPI|NASA|Handout|Pool|Supplied|Unsplash|Flickr|Wikimedia Commons)"
)
_NETWORKS = (
    r"(?:Facebook|Twitter|X|WhatsApp|LinkedIn|Reddit|Pinterest|Telegram|Messenger|Instagram|TikTok"
    r"|YouTube|Threads|Bluesky|Mastodon|Flipboard|Tumblr|VKontakte|VK|WeChat|Line|Pocket|Viber"
    r"|E-?mail|RSS|Google News|Apple News|Snapchat|Weibo|SMS|Copy link|Link|Print)"
)
_CAPTION = r"(?:Photograph|Photo|Picture|Image|Photo credit|Illustration|Composite|Credit|Video)s?"

# name -> alternatives; each is matched against the whole line, ignoring case
_LINES: dict[str, tuple[str, ...]] = {
    "share": (
        rf"{_NETWORKS}(?:(?: ?[,|/·•] ?| ){_NETWORKS})*",
        rf"(?:share|tweet|post|pin|send|follow|like|save|find|join|connect with)\b(?: (?:this|the|it|us|me|"
        rf"story|article|page|post|on|in|via|with|to|by|at|our|and|&|a friend|{_NETWORKS}))*[\s:.!]*",
        r"(?:share|save|print|bookmark|tweet|e-?mail|copy|copied|gift|listen|comments?|reprints?)"
        r"(?:(?: ?[,|/·•&] ?| )(?:share|save|print|bookmark|tweet|e-?mail|copy|gift|listen|comments?|more))*",
        r"(?:share|gift|save|print|copy|send|give|e-?mail|bookmark) (?:this|full)"
        r"(?: (?:article|story|page|link|post|video|with friends))+\W*",
        r"(?:copy|copied) (?:the )?link(?: to clipboard)?|link copied\W*|(?:about|close) shar(?:e|ing)(?: panel)?",
        r"copy link(?: ?url)? ?(?:copied!?)?|(?:close|open|hide) (?:extra |more )?sharing (?:options|panel)",
        r"(?:share|more sharing) options|show more sharing options|open sharing (?:options|menu)",
        r"[\d.,]+\s?[km]? (?:shares?|likes?|views|reactions?|retweets?|reposts)",
        rf"(?:follow|find|like|join|add) (?:us|\S+(?: \S+){{0,4}}) (?:on|at|to|as)(?: (?:our|your))?"
        rf" {_NETWORKS}(?:(?:,| and| or| &)+ {_NETWORKS})*(?: (?:channel|page|feed|group|here))*"
        r"(?:[:,]? (?:@\S+|https?://\S+))*[.!]?",
        r"(?:#[^\W\d_][\w-]*[\s,]*)+",
    ),
    "newsletter": (
        r"(?:please |simply |click here to )?(?:sign|signing) up (?:for|to|now|here|today|and get)\b"
        r".{0,200}(?:newsletters?|inbox|e-?mails?|alerts?|updates?|briefings?|digests?|free|here)\b.{0,80}",
        r"(?:sign up|subscribe|subscribe now|subscribe today|subscribe here|register|register now|"
        r"join now|become a member|support us|donate|donate now|log ?in|sign in|log ?out|sign out|"
        r"my account|create (?:a )?free account|start your free trial|manage (?:my )?account)[.!]?",
        r"(?:subscribe|register) (?:to|for|now|here|today)\b.{0,150}"
        r"(?:newsletters?|inbox|channel|podcast|e-?mails?|alerts?|updates?|unlimited|access|free|"
        r"here|for (?:just|only)|reading|digital|app|journalism).{0,60}",
        r"(?:get|receive) .{0,150}(?:\b(?:to|in|into) your (?:e-?mail |mail)?inbox|by e-?mail|newsletters?)\b.{0,80}",
        r".{0,160}\b(?:delivered|sent|straight|directly|direct)(?: (?:directly|straight))? "
        r"(?:to|into) your (?:e-?mail |mail)?inbox\b.{0,80}",
        r"stay (?:informed|up to date|updated|connected|in the know|ahead)(?: (?:with|on|of|about|by)\b.{0,80})?",
        r"join (?:our|us on|the|thousands|millions|over|more than)\b.{0,120}"
        r"(?:channel|newsletter|community|subscribers|whatsapp|telegram|conversation|inbox)\b.{0,60}",
        r"download (?:the|our)\b.{0,80}\bapps?\b.{0,80}",
        r"(?:your|enter your|type your)? ?e-?mail(?: address)?\s*[*:]?",
        r"(?:thanks?|thank you) for (?:signing up|subscribing|registering)\b.{0,120}",
        r"unlock .{0,60}\b(?:for free|digest|unlimited|with a (?:free )?(?:trial|account))\b.{0,60}",
        r".{0,100}\bselects (?:her|his|their) favou?rite stories in this weekly newsletter\W*",
        r"(?:privacy notice|information|newsletters?)[:\s].{0,40}\bnewsletters? may contain\b.{0,300}",
        r"(?:after|skip past) newsletter(?: promotion)?",
        r"this (?:site|form) is protected by recaptcha\b.{0,160}",
        r"(?:already|not) a (?:subscriber|member)\b.{0,60}|already have an account\b.{0,40}",
        r"this (?:article|content|story) is (?:only available|exclusive|reserved|for subscribers)\b.{0,120}",
        r"(?:newsletters?|e-?mail alerts|breaking news alerts)",
        r"(?:to )?(?:continue|keep) reading(?:,? (?:please )?(?:subscribe|sign|log|register)\b.{0,80})?",
    ),
    "advertisement": (
        r"[-–—\[(*\s]*(?:skip )?(?:advertisements?|adverts?|advertisement feature|ads? by \S+|ad|paid content|"
        r"sponsored(?: content| by\b[^.!?]{0,40}| links?)?|promoted(?: content| stories)?|supported by|paid post|"
        r"advertising)(?: [·•-] scroll to continue)?[-–—\])*\s:.]*",
        r"(?:story|article|content|report) (?:continues|resumes) (?:below|after)\b.{0,60}",
        r"(?:continue|scroll)(?: (?:reading|down|to))*(?: (?:the|this))?(?: (?:main|story|article|continue|below|"
        r"for more|to))*|advertisement[\s\S]{0,3}scroll to continue\b.{0,40}",
        r"(?:remove|report|hide|why (?:am i seeing|this)) (?:this )?ads?\W*",
        r".{0,60}\bmay (?:earn|receive) (?:an? |affiliate )*commission\b.{0,120}",
        r"recommended video|taboola|outbrain|from our (?:partners|sponsors?)|around the web|paid for by\b[^.!?]{0,60}",
    ),
    "cookies": (
        r"(?:we|this (?:web)?site|our (?:web)?site|we and our \d* ?partners|\S+ and our partners) "
        r"(?:use|uses|store|process)\b.{0,60}\bcookies\b.{0,600}",
        r"(?:by (?:clicking|using|continuing|signing|submitting|subscribing|entering|providing))\b.{0,160}\b(?:you|i) "
        r"(?:agree|accept|consent|acknowledge|confirm)\b.{0,300}",
        r"(?:i )?(?:accept|agree|reject|decline|allow|manage)(?: (?:all|and continue|cookies|and close|preferences|"
        r"options|settings|to|& close))*|cookie (?:policy|settings|preferences|notice|consent)|"
        r"(?:manage|your) (?:cookies?|privacy|consent)(?: (?:settings|preferences|choices))?",
        r"we (?:value|care about|respect) your privacy\W*|your privacy(?: choices| matters)?|do not sell\b.{0,60}",
        r"(?:please )?(?:enable|turn on) (?:javascript|cookies)\b.{0,120}|.{0,80}\byour browser "
        r"(?:does not|doesn['’]t|is not|isn['’]t|no longer)\b.{0,120}|.{0,80}\bjavascript is (?:disabled|required)\b.{0,80}",
        r"(?:please )?(?:disable|turn off) your ad ?blocker\b.{0,120}",
    ),
    "licence notice": (
        r"got a tv licen[cs]e\W*",
        r"you need (?:one|a tv licen[cs]e) to watch\b.{0,200}",
        r"(?:the )?\S+(?: \S+)? is not responsible for the content of external (?:web)?sites\b.{0,120}",
        r"read about our approach to external link(?:ing|s)\W*",
        r"this article (?:was|is) (?:originally |first )?(?:published|republished|reproduced)\b.{0,200}",
        r"(?:our|the) standards:?\s.{0,80}(?:principles|code)\b.{0,40}|purchase licen[cs]ing rights\b.{0,60}",
        r"(?:this (?:material|content)|no part of this)\b.{0,60}\b(?:may|must|can) not be\b.{0,200}"
        r"|.{0,60}\bmay not be \w+(?:, \w+){0,5},? or (?:\w+ )?(?:rewritten|redistributed|reproduced|distributed|copied)\b.{0,200}",
        r".{0,240}\ball rights reserved\b.{0,240}",
        r"(?:©|\(c\)|&copy;)\s?.{1,200}",
        r"copyright\s?(?:[:©]|\(c\)|\d{4}|notice|policy|the\b.{0,60}\b\d{4})\s*.{0,200}",
        r"(?:reuse|republish|reproduce|reprint) this (?:content|article|story)\b.{0,40}",
        r"(?:terms|privacy)(?: (?:of|and|&) (?:use|service|conditions|cookies))?(?: (?:policy|notice|statement))?"
        r"(?: (?:and|&|\|) (?:terms|privacy)(?: (?:of|policy|notice|use|service))*)?",
        r".{0,80}\b(?:has been|was) (?:auto-?generated|published (?:unedited )?from) (?:from )?(?:a|an)\b"
        r".{0,30}\b(?:feed|wire)\b.{0,120}",
    ),
    "caption": (
        r"(?:image|photo|video|media|picture|gallery|figure) (?:caption|source|copyright|credit)s?\s?[:,].{0,400}",
        r"video content.{0,300}",
        rf"(?:.{{0,500}}(?:[.!?…)\"”’\]]|\d)\s+)?{_CAPTION}\s?(?::|by:?|\.\.\.|…|courtesy of)\s*[^.!?]{{2,100}}\.?",
        r".{0,400}[\s.)]credit\s?(?:\.\.\.|…)\s?\S.{0,100}",
        rf".{{0,500}}\(\s?(?:{_CAPTION}|file)(?: photo)?\s?(?::|by|courtesy|via|/)[^)]{{2,120}}\)\W*",
        rf".{{0,500}}[(\[][^()\[\]]{{0,80}}\b{_AGENCIES}(?: (?:photo|file|image)s?)?/[^()\[\]]{{2,80}}[)\]]\W*",
        rf".{{0,500}}\([^()]{{0,80}}\bvia {_AGENCIES}\)\W*",
        rf"[^.!?]{{0,60}}(?:/|\bvia ){_AGENCIES}",
        rf"(?:.{{0,500}}[.!?)\s])?(?:[^.!?/]{{2,40}}/)*{_AGENCIES}(?:/[^.!?/]{{2,40}})+(?: (?:pool|file photo|"
        r"purchase licen[cs]ing rights.{0,40}))?",
        rf"{_AGENCIES}(?:\s?[/,|]\s?{_AGENCIES})*",
        r"(?:file|handout|stock) (?:photo|image|picture)\W*",
        r".{0,100}\s[-–—]\s(?:figure|image|photo|picture)\s\d+",
        r"(?:figure|image|photo|slide|picture|item) \d+(?: of \d+)?|\d+ ?(?:of|/) ?\d+(?: (?:photos?|images?|slides?))?",
        r"(?:view|open) (?:image|gallery|photo|picture)s?(?: in)?(?: (?:gallery|full ?screen|full size))?"
        r"|(?:hide|show|toggle) captions?|enlarge(?: this)? image|click to (?:enlarge|expand|play)\b.{0,40}",
    ),
    "player": (
        r"(?:play|watch|pause|loading|live|now playing|up next|replay)(?: (?:the |this )?(?:video|audio|now|live))*"
        r"(?:,? \d+ (?:minutes?|seconds?)[, ]*)*(?:\d+:\d\d)?",
        r"(?:this )?(?:video|audio|media|content) (?:can ?not|can['’]t|could not|is not|isn['’]t|is no longer)"
        r"(?: be)? (?:played|loaded|available)\b.{0,80}|to play this video\b.{0,80}|(?:video|media|audio) player",
        r"listen(?: to this (?:article|story|page|episode))?(?: ?[·•:|(-] ?)?(?:\d+(?::\d\d)? ?min(?:ute)?s?)?\)?"
        r"|(?:audio|video) (?:by|version)\b.{0,40}|this (?:article|audio) (?:is|was|has been) (?:read|produced|created|"
        r"automatically)\b.{0,80}",
        r"(?:close|mute|unmute|exit|enter|full ?screen|settings|subtitles|skip|back|next|previous|expand|collapse|"
        r"dismiss|open|loading)(?: (?:modal|dialog|panel|menu|overlay|image|video|full ?screen|player))?[.…]*",
        r"(?:estimated )?(?:reading time:?\s?)?\d+[ -]?min(?:ute)?s?(?: (?:read|listen|watch))|reading time:?\s?\d+.{0,20}",
    ),
    "navigation": (
        r"(?:skip|jump|go|back|return) to (?:the )?(?:main )?(?:content|navigation|top(?: of page)?|comments?|search|"
        r"home(?: ?page)?|footer|main|homepage)\W*|(?:scroll|back) to top|breadcrumbs?|you are here\W*",
        r"(?:main |site |open |close |toggle |show |hide )*(?:menu|navigation|search|search bar|home|homepage|sitemap|"
        r"site map|about us|contact(?: us)?|help(?: cent(?:er|re))?|faqs?|advertise(?: with us)?|careers|jobs|"
        r"accessibility(?: help| statement)?|my news|all news|all sections|sections|e-?paper|today['’]s paper)",
        r"(?:show|view|see|load|read|find|find out|learn|watch|hear|discover) (?:more|less|all|full (?:article|story|bio))"
        r"(?: (?:about this|news|stories|articles|posts|updates|here|from \S+))*\s*[.…»›>→:]*",
        r"(?:go )?back to (?:gallery|article|story|results)|more|by|captions?|search for:?|place an ad|masthead",
        r"(?:click|tap)(?: on)? (?:here|the link)\b.{0,120}",
        r"[\w&'’ -]{2,30}(?:\s[|›»>/]\s[\w&'’ -]{2,30}){2,12}",
        r"(?:pages?:? )?(?:« ?)?(?:prev(?:ious)?|next|older|newer)(?: (?:page|post|article|story|posts))\W*",
        r"(?:live reporting|all times (?:stated )?(?:are|in)\b.{0,30}|(?:edited|produced|compiled|curated) by\b[^.!?]{2,60}"
        r"|auto-?refresh(?:ing)?\b.{0,20}|(?:show|see) (?:new|latest|key) (?:updates?|events)\b.{0,20}"
        r"|(?:\d+ )?new updates?|refresh(?: (?:page|now))?|filter (?:by\b.{0,30}|key events\b.{0,10}))",
        r"(?:this article is|it['’]s) (?:more than|over) \d+ (?:years?|months?) old",
        r"choose your (?:edition|language|region)\b.{0,20}|(?:us|uk|australia|international|europe|asia) edition",
        r"add (?:as )?(?:a )?preferred(?: source)?\b.{0,30}|(?:google )?preferred source\b.{0,30}",
    ),
    "stamp": (
        r"(?:last |first )?(?:updated|modified|edited|refreshed)(?: (?:at|on))?[\s:]*",
        r"(?:last |first )?(?:updated|modified)(?: (?:at|on))?:?\s+\d{1,2}[.:]\d\d.{0,12}",
        r"(?:published|posted|date|time|publication date)[\s:]*",
        r"(?:(?:published|posted|updated|last updated):? )?(?:about |just |an? )?\d* ?"
        r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|[smhdw]) ago\W*|just now",
    ),
    "prompt": (
        r"(?:please )?enter your (?:comments?|name|e-?mail|message)\b.{0,60}",
        r"(?:leave|post|add|write|submit|make) (?:a|your|the first) (?:reply|comment|response)\b.{0,60}",
        r"(?:cancel reply|reply|your (?:comment|name|website|message)\s?[*:]*|comment\s?[*:]|name\s?[*:]|website\s?[*:]?)",
        r"(?:you must|please|you need to|you have to) (?:be )?(?:log|sign|register|logged|signed)\w*"
        r"(?: ?in)?\b.{0,30}\b(?:to|in order to) (?:post|leave|comment|add|reply|join|view)\b.{0,60}",
        r"save my name,? e-?mail\b.{0,120}|(?:notify me of|your e-?mail address will not be)\b.{0,120}"
        r"|required fields are marked.{0,10}|you have entered an incorrect e-?mail\b.{0,60}"
        r"|(?:please )?enter your e-?mail\b.{0,80}|this site uses akismet\b.{0,120}",
        r"be the first to (?:comment|reply|like|share|know)\b.{0,60}",
        r"(?:view|show|read|see|load|hide|join|open|all)?\s?(?:the )?(?:\(?\d[\d,]*\)? )?(?:more )?comments?(?: \(?\d[\d,]*\)?)?"
        r"(?: (?:are closed|section|policy|have been closed|off)\W*)?|no comments(?: yet)?\W*",
        r"(?:join|start) the (?:conversation|discussion|debate)\W*|what (?:do )?you think\W*|have your say\W*",
        r"(?:report|flag) (?:a typo|an error|abuse|this (?:comment|ad)|corrections?)\b.{0,60}",
        r"(?:do you )?(?:have|got|know) (?:a|any|more)\b.{0,40}\b(?:tip|story|information about)\b.{0,120}"
        r"(?:contact|e-?mail|get in touch|share|\?).{0,100}",
        r"was this (?:article|page|information|story) (?:helpful|useful|valuable)\W*|thank you for your feedback\W*",
    ),
}

_RULES = tuple((name, re.compile("|".join(parts), _FLAGS)) for name, parts in _LINES.items())

# Labels over a block of other stories: what follows them, while it looks like headlines, goes too.
_RELATED = re.compile(
    r"(?:(?:more|other|also|you may|you might|our|the)\s)*(?:related|recommended|suggested|similar|popular|trending|"
    r"featured|further)(?: (?:stor(?:y|ies)|articles?|news|topics?|posts?|reading|content|coverage|videos?|links?|"
    r"for you|now|searches|on \S+(?: \S+){0,2}|internet links|reads?))*\s*:?"
    r"|(?:more|top|latest|other|today['’]s|editors?['’]?s?['’]?) (?:stories|articles|news|headlines|posts|picks|coverage|videos|"
    r"on this(?: story| topic)?|like this|from\b.{2,40}|in\b.{2,30}|to (?:read|explore)|for you|reads)\s*:?"
    r"|(?:most|this week['’]s most|today['’]s most) (?:read|viewed|popular|watched|shared|commented|recent)\b.{0,30}"
    r"|(?:read|up|watch|what to read) next\s*:?|you (?:may|might|could) (?:also |have )?(?:like|be interested in|enjoy|missed)\b.{0,30}"
    r"|(?:read|see) also\s*:?|also (?:read|on|in)\b.{0,20}|recommended by\b.{0,30}|in case you missed it\W*"
    r"|explore more(?: on these topics)?|don['’]t miss\W*|in this (?:story|section|package)|elsewhere on\b.{2,30}"
    r"|(?:topics|tags|filed under|categories|related tags)\s?(?::.{0,120})?|trending(?: (?:now|topics|stories))?"
    r"|(?:from|around) the (?:web|bbc)\b.{0,20}|promoted stories",
    _FLAGS,
)
# Labels of the page wherever they stand; and those that go only where no text follows them, since
# a section of the article can be called so too.
_LABELS = re.compile(
    r"must[- ]reads?|latest (?:article|post|update)s?|(?:about|meet) the authors?|about authors?"
    r"|author(?: bio| details)|more (?:on this|info|information)\s?:?|editor['’]s (?:pick|choice)"
    r"|premium|subscribers?(?: only)?|pinned(?: post)?|(?:live|latest) feed|top story",
    _FLAGS,
)
_SOFT_LABELS = re.compile(
    r"key (?:events|developments|moments|points)|latest (?:news|stories)|exclusive|breaking(?: news)?|authors?"
    r"|in pictures|live(?: updates| blog)?|news|opinion|analysis|(?:watch|listen)\s?:\s.{2,110}|reviews?|features?"
    r"|world|politics|business|sports?|culture|technology|tech|science|health|entertainment|lifestyle|travel|video",
    _FLAGS,
)
_READ_MORE = re.compile(
    r"(?:read (?:more|also|next|on)|see also|related(?: (?:story|article|news|video|topic|coverage|reading))?|more(?: on this)?|also read|"
    r"recommended|don['’]t miss|must read|watch now|further reading|in case you missed it)"
    r"\s?[:|»>›—–]\s?\S.{2,200}"
    r"|(?:read (?:more|also)|see also|also read)\b(?: (?:about|on|from|at|in|of|here|our|the|news|stories))*\b[^.!?]{0,140}"
    r"|here['’]?(?:s| is) our (?:full|latest|explainer|guide|analysis|report|story)\b[^.!?]{0,100}:?"
    r"|(?:read|see|watch|view) (?:our|the) (?:full|latest|live|explainer|guide|analysis|report|coverage|interactive|"
    r"story|blog)\b[^.!?]{0,100}\b(?:here|below|now)\s?[:.]?",
    _FLAGS,
)
_COMMENTS = re.compile(
    r"(?:leave|post|add|write) a (?:reply|comment|response)\b.{0,40}|please enter your comment\W*|cancel reply"
    r"|\(?\d[\d,]*\)?\s(?:comments?|responses?|repl(?:y|ies)|thoughts?)(?: (?:to|on) .{2,120})?"
    r"|comments(?:\s?\(?\d[\d,]*\)?)?"
    r"|join the (?:conversation|discussion)\W*|(?:reader|user|top|view(?: all)?) comments",
    _FLAGS,
)
_PHOTO = re.compile(r"(?:photo|photograph|picture|image)s?", _FLAGS)
_FIGURE = re.compile(r".{0,100}\s[-–—]\s(?:Figure|Image|Photo|Picture)\s\d+", _FLAGS)
_BY = re.compile(r"(?:by|(?:written|words|story|reporting|reported|report) by):?\s+", _FLAGS)
_PARTICLES = frozenset(
    (
        "the",
        "of",
        "at",
        "&",
        "|",
        "-",
        "–",
        "—",
        "el",
        "and",
        "in",
        "for",
        "with",
        "de",
        "la",
        "van",
        "von",
        "der",
        "den",
        "bin",
        "al",
        "da",
        "di",
    )
)
_ROLE = re.compile(
    r"(?:.{0,40}\s)?(?:correspondents?|reporters?|editors?|columnist|journalist|producer|analyst|contributor|"
    r"staff writer|bureau chief|writer)(?:,?\s(?:in|at|for|reporting from|of)?\s?.{0,40})?"
    r"|reporting from .{2,40}|in [A-Z]\w+(?: and [A-Z]\w+)?",
    _FLAGS,
)
_DESK = re.compile(
    r"\(?(?:additional )?(?:reporting|writing) by\b.{2,300}\b(?:editing|edited|writing) by\b.{2,200}",
    _FLAGS,
)


def rule(line: str) -> str | None:
    """The name of the rule by which this line alone is furniture, else None."""
    if len(line) > 800:
        return None
    for name, pattern in _RULES:
        if pattern.fullmatch(line):
            return name
    if _READ_MORE.fullmatch(line):
        return "read more"
    if _DESK.fullmatch(line):
        return "credits"
    return None


def is_related(line: str) -> bool:
    """Whether the line is the label over a block of other stories."""
    return len(line) <= 120 and line[-1:] not in ".?" and _RELATED.fullmatch(line) is not None


def is_label(line: str) -> bool:
    """Whether the line is a label of the page, not of a section of the article."""
    return len(line) <= 40 and _LABELS.fullmatch(line) is not None


def is_soft_label(line: str) -> bool:
    """Whether the line is a label that is the page's where no text follows it."""
    return len(line) <= 120 and _SOFT_LABELS.fullmatch(line) is not None


def opens_comments(line: str) -> bool:
    """Whether the line opens a comment form or the readers' comments."""
    return len(line) <= 160 and _COMMENTS.fullmatch(line) is not None


def is_photo_of(line: str) -> bool:
    """Whether the line may be a bare photo credit ("Photo" and a name); headings can look so too."""
    first, _, name = line.partition(" ")
    return len(line) <= 60 and _PHOTO.fullmatch(first) is not None and is_name(name, least=1)


def is_figure(line: str) -> bool:
    return len(line) <= 140 and _FIGURE.fullmatch(line) is not None


def is_name(line: str, *, least: int = 2) -> bool:
    """Whether the line could be nothing but people's (or outlets') names, of `least` words."""
    words = line.replace(",", " ").split()
    capitals = [word for word in words if word[0].isupper()]
    return (
        least <= len(capitals)
        and len(words) <= 14
        and words[0][0].isupper()
        and line[-1] not in "?!:;"
        and not any(mark.isdigit() for mark in line)
        and all(word[0].isupper() or word in _PARTICLES for word in words)
    )


def is_byline(line: str) -> bool:
    """Whether the line is "By" and names."""
    by = _BY.match(line)
    if by is None or len(line) > 140:
        return False
    names, _, role = line[by.end() :].partition(", ")
    return is_name(line[by.end() :], least=1) or (is_name(names) and is_role(role))


def is_role(line: str) -> bool:
    """Whether the line says what a reporter is ("Business reporter", "Editor in Kyiv")."""
    return 0 < len(line) <= 80 and line[-1] not in ".!?:" and _ROLE.fullmatch(line) is not None
