"""Placeholders and notes to authors in texts: patterns, each with words that a matching text must have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from azureml_publish.patterns import Signs, near, pattern

EMPTY_WORDS = (
    r"to-?do|tb[acd]|t\.b\.[acd]\.|fixme|placeholder|coming soon|more information needed"
    r"|to be (?:added|announced|completed|confirmed|decided|defined|determined|done|filled(?: in)?|provided|specified"
    r"|supplied|updated|written)(?: (?:here|later|soon))?|\?\?+"
    r"|wip|x{2,4}\.x{1,3} ?%?|asdf\w*|qwerty|blah(?: blah)*|foo bar(?: baz)?"
)
"""A cell or line that holds one of these and nothing else is empty."""

EMPTY_SIGNS = frozenset(
    {
        *("todo", "to-do", "tbd", "tba", "tbc", "t.b.", "fixme", "placeholder", "coming soon", "more information"),
        *("to be ", "??", "wip", "xx", "asdf", "qwerty", "blah", "foo bar"),
    }
)
"""Every empty text has one of these, in lower case."""

_NAMED = (
    r"(?:AUTHOR|COMPANY|CONTACT|DATA_?SET|DATE|DESCRIPTION|EMAIL|LICEN[CS]E|LINK|MODEL|NAME|ORG|ORGANI[SZ]ATION|OWNER"
    r"|PROJECT|PUBLISHER|SUMMARY|TASK|TEAM|TITLE|URL|USER|VERSION|YEAR)"
)
_VALUE = r"(?:(?<=: )|(?<=:\*\* )|(?<=\*\*: )|(?<=: \*))"
"""What may come before a value in a labelled line."""
_AFTER = (
    "(?:"
    + "|".join(rf"(?<=\b{word} )" for word in ("by", "on", "of", "in", "to", "and", "at", "for", "is", "the"))
    + ")"
)
"""What may come before a placeholder in a sentence."""
_UNIT = (
    r"(?:%|percent|parameters|layers|languages|hours|days|gpus?|tokens|samples|examples|images|epochs|million|billion)"
    r"(?!\w)"
)
_MARKS = r"^[ \t>*_#(\[-]*"
"""Characters that may begin a line before its words."""
_OF_TEXTS = (
    r"(?:use|only|drafts?|documents?|copy|notes?|comments?|reviews?|memos?|distribution|circulation|releases?"
    r"|working|team|version|and)"
)
"""Nouns that make `internal` and the like a note among authors: a model may well be for internal research."""


_TO_DO = r"(?-i:TODO|TO-DO|[Tt]o-?[Dd]o)s?"
_LIST = r"(?=\s*\n[ \t>]*(?:[-*+]|\d{1,2}[.)])[ \t])"
_TITLE = rf"(?:[^\w\s*+>#`|\[(-]{{1,3}}[ \t]*)?{_TO_DO}"
TITLES = pattern(
    rf"^[ \t>]*#{{1,6}}[ \t]+{_TITLE}[^\w\n(]{{0,4}}${_LIST}"
    rf"|^[ \t>]*(?:\*\*|__){_TITLE}:?(?:\*\*|__):?[ \t]*${_LIST}"
    rf"|^[ \t>]*{_TITLE}(?::[ \t]*$|[ \t]*\n(?:=+|-{{2,}})[ \t]*$){_LIST}"
    rf"|^[ \t>]*#{{1,6}}[ \t]+[^\n]{{1,40}}(?: and |[&/])[ \t]*{_TO_DO}[^\w\n]{{0,4}}$"
    rf"|^[ \t>]*#{{1,6}}[ \t]+{_TITLE} ?(?:and |[&/])[^\n]+$",
    re.IGNORECASE | re.MULTILINE,
)
"""Titles of lists of what is still to do: they replace no text."""

STATES = pattern(r"[\s*_]*(?:status|state|progress|stage|released?|availability|available)[\s*_]*", re.IGNORECASE)
OPEN = pattern(r"\bto-?do\b|\bwip\b|\bsoon\b|\bto be (?:announced|completed|done|provided)\b", re.IGNORECASE)
"""Headings of status columns, and the states of what is missing."""


class Form(NamedTuple):
    """A pattern: what it matches has one of `signs` in or beside it, in lower case. `what` is a key of `WHAT`."""

    what: str
    signs: tuple[str, ...]
    form: re.Pattern[str]


WHAT = {
    "": ("is a placeholder that was never filled in.", "Write it, or take it out."),
    "template": (
        "is a template expression that was never replaced.",
        "Put it between backticks if readers are to see it, else render it.",
    ),
    "assistant": ("is an AI assistant's answer to the author, not a text for readers.", "Take it out."),
    "printed": ("is what a program prints for a missing value.", "Write the value, or take the row out."),
    "signs": ("is shown as these two characters, not as a new line.", "Write a new line."),
    "authors": ("is for the card's authors, and is published with it.", "Do what it says, and take it out."),
}
"""For each kind of placeholder, what a message says of it, and the hint."""


def _form(what: str, signs: str, *forms: str) -> Form:
    return Form(what, tuple(signs.split("|")), pattern("|".join(forms), re.IGNORECASE | re.MULTILINE))


FORMS = (
    _form(
        "template",
        "{{|{%",
        r"(?<![\w}^\\$])(?<!::)\{\{-? ?(?!and\b)[a-zA-Z_][\w.\[\]'\" |()-]{0,100}\}\}",
        r"\{% ?[a-z][^%\n]{0,100}%\}",
    ),
    _form(
        "template",
        "${|@@|__|%",
        r"(?-i:\$\{[A-Z][A-Z0-9_]{2,30}\}|@@[A-Z][A-Z0-9_]{2,30}@@)",
        rf"(?-i:(?<!\w)__(?:[A-Z]+_)*{_NAMED}(?:_[A-Z]+)*__(?!\w))",
        r"(?-i:(?<![\w%])%(?!PATH|APPDATA|USERPROFILE|LOCALAPPDATA|TEMP|HOME)[A-Z][A-Z0-9_]{2,30}%(?!\w))",
    ),
    _form(
        "template",
        "#{|$(|<%=|[[|{{{",
        r"#\{[a-z][\w.-]{1,40}\}#?|\$\((?-i:(?:[A-Z][A-Za-z]+\.)+[A-Z]\w{1,30}|[A-Z][A-Z0-9_]{2,30})\)|<%= ?[a-z@]",
        r"(?-i:(?<!!)\[\[[A-Z][A-Z0-9_]{2,30}\]\](?!\())",
    ),
    _form(
        "template",
        "$",
        rf"(?-i:(?<![\w$\\{{/]){_VALUE}\$[A-Z][A-Z_]{{2,30}}(?=\s*$))",
        rf"(?-i:{_AFTER}\$(?:[A-Z]{{1,20}}_)*{_NAMED}(?:_[A-Z]+)*\b(?![$/]))",
    ),
    _form(
        "template",
        "{",
        r"(?<![\w{$\\^_}%\]])\{(?-i:(?:model|data_?set|author|version|licen[cs]e|organi[sz]ation|company|publisher"
        r"|metric"
        r"|owner|team|repo)(?:[_ -](?:name|id|card|title|size|version|url|link))?)\}(?!\})",
        r"(?<![\w{$\\])\{(?:add|insert|write|describe|enter) [a-z][^{}\n]{3,60}\}",
    ),
    _form(
        "",
        "[",
        r"\[(?:more information needed|insert [^\]\n]{1,60}|your [^\]\n]{1,60} here)\](?!\()",
        r"\[(?:your (?:full )?(?:name|e-?mail|organi[sz]ation|company|team|affiliation|institution|contact[a-z ]*)"
        r"|(?:to be )?fill(?:ed)?[ -]in[^\]\n]{0,30}|(?:links?|reference|pointer) to [a-z ]{2,30})\](?![(\[:])",
        r"\[(?:(?:model|dataset|data set|licen[cs]e|task|paper)[ _-](?:name|id|title)"
        r"|(?:company|organi[sz]ation|author)[ _-]name|placeholder)\](?!\()",
        r"\[cite: ?[\d, ]+\]|\[(?:(?<=\*\* \[)|(?<=: \[))optional\](?=\s*$)",
        r"\[(?:(?-i:REF|CITE|CITATION|LINK|DATASET|AUTHOR|TODO\b[^\]\n]{0,60}|TBD\b[^\]\n]{0,60})"
        r"|(?:citation|reference|ref|source|link) (?:needed|missing|here))\](?![(\[:])",
        r"\[(?:add|describe|enter|provide|write|put|specify) [a-z][^\[\]`\n]{3,60}\](?![(\[:])",
    ),
    _form(
        "",
        "<",
        r"<(?:your|insert|model|company|organi[sz]ation|dataset|author|paper)[ _-][a-z_ -]{2,40}>",
        r"(?<![(=\w])<(?:add|describe|enter|fill in|provide) [a-z][a-z ]{2,50}>",
        r"(?<![(=\w`])<(?:link|url|reference|pointer|path|name|number|date|version|title|address) (?:to|of|for|here)\b"
        r"[^<>\n]{0,40}>",
    ),
    _form("", "(insert|(fill in", r"\((?:insert|fill in) [^()\n]{2,60}\)"),
    _form(
        "",
        "error! ",
        r"\berror! (?:reference source not found|bookmark not defined|no text of specified style in document"
        r"|hyperlink reference not valid|not a valid link|filename not specified)\b\.?",
    ),
    _form(
        "",
        "??|\nnan|\nnone|\nnull|\nundefined|: nan|: none|: null|: undefined|* nan|* none|* null|* undefined"
        "|: *nan|: *null"
        "|: *undefined|your name|your org|your company|your e",
        r"^(?:null|none|undefined|nan)[.!]*$",
        rf"{_VALUE}\?{{2,}}(?=[\s.]*$)|\b(?:section|table|figure|fig\.|appendix) \?\?(?!\w)",
        rf"{_VALUE}(?-i:Your (?:Name|Organi[sz]ation|Company|E-?mail))\b",
        rf"{_VALUE}(?:undefined|(?-i:NaN|nan|null))(?=\s*$)",
        r"^[>*+ -]{0,4}\**(?:epochs|batch size|learning rate|(?:number of )?(?:parameters|layers)|developed by"
        r"|licen[cs]e"
        r"|languages?|authors?|contact|version|datasets?|training data|model type|publisher)\**:\** (?-i:None)\s*$",
    ),
    _form(
        "",
        "to be ",
        r"^[ \t(*_.]{0,9}to be continued[ \t)*_.]{0,9}$",
        rf"{_VALUE}to be (?:added|announced|completed|confirmed|decided|defined|determined|filled(?: in)?|provided"
        r"|specified|supplied|updated|written)(?: (?:here|later|soon))?(?=[\s.!*_)]*$)",
        r"\bthis (?:section|part|page|table|card) (?:is |still )?(?:has )?to be (?:added|completed|filled|written)\b",
    ),
    _form(
        "",
        "your-|your_|your.|yourname@|last@|lastname@",
        r"\byour-(?:container|storage)-(?:name|path)\b|\byour[._-](?:[a-z]{2,10}[._-]?){1,2}@[\w.-]+",
        r"\b(?:first(?:[._-]?name)?[._-]last(?:[._-]?name)?|your-?name)@[\w-]+\.\w+",
    ),
    _form(
        "",
        "here",
        r"\b(?:description|text|content|summary|details|information)(?: of [\w ]{2,30})? goes? here\b"
        r"|\b(?:title|name) here$|(?<=\[)link text here(?=\]\()",
        r"\b(?:add|write|insert|put|enter) (?:an? |your |the )?(?:\w+ ){1,2}here\b(?=[.!)\]\n]|$)",
        rf"{_MARKS}your (?:text|content|description|summary|title) here\b",
        rf"{_MARKS}(?!write here what the model does, for whom)"  # CARD011
        r"(?:add|write|insert|put|enter|describe|explain|list|state) here (?:what|how|who|which|why|the|any"
        r"|your)\b",
        rf"{_MARKS}(?:add|write|insert|put|enter) (?:an? |the |your |some )(?:[\w-]+ ){{1,8}}here[.!]*$",
        r"\bclick here to (?:edit|add|enter|type|write)\b",
    ),
    _form(
        "",
        "xx|yy|nn",
        r"^x{3,}[.!]*$",
        rf"{_MARKS}(?-i:XXX)[:,]? (?-i:[a-z])\w+",
        r"(?-i:(?<![\w.$-])X{2,4}\.X{1,3})(?![\w.])",
        rf"(?-i:(?<![\w.$-])(?:X{{2,4}}|Y{{2,4}}|N{{2,4}}))(?:\.X+)? ?{_UNIT}",
        rf"(?-i:{_VALUE}[xX]{{2,4}}(?:\.[xX]+)?) ?(?:{_UNIT}|(?:[mgt]i?b|ms|gpu hours|seconds?|minutes?)\b)",
    ),
    _form(
        "",
        "replace this|remove this|delete this|[image|[figure|[table|[diagram|[screenshot|[logo|[chart|[photo|lorem|todo"
        "|to-do|tbd|tbc|fixme|quick summary|longer summary|model id|base template|raw template"
        "|this template|edit this|section will|part will",
        rf"{_MARKS}to-?do ?[:\u2013-] ?(?=\w)",
        r"\b(?:remove|delete) this (?:section|line|paragraph|note|text|comment|part|page) (?:before|when|once|prior"
        r" to)\b",
        r"^\[(?:image|figure|table|diagram|screenshot|logo|chart|photo)(?: \d{1,2})?(?: (?:goes )?here)?\]$",
        r"\breplace this (?:text|section|paragraph)\b|\blorem ipsum\b",
        r"(?<![\"'\u201c])\b(?-i:TODO|TB[CD]|FIXME)\b(?<!\ba TODO)(?![-_/\"'\u201d])"
        r"(?! (?:item|list|comment|note|app)s?\b)",
        r"\bprovide a (?:quick|longer) summary of what (?:the|this) model is|\bmodel card for model id\b",
        r"\bbase template for new models\b|\[this raw template\]|\b(?:use|fill (?:in|out)) this template\b",
        rf"\[edit this [a-z ]{{3,20}}\](?!\()|{_MARKS}edit this (?:section|text|part|paragraph)[\s.!*_\])]*$",
        r"\bthis (?:section|part) will be (?:added|completed|written|filled|provided|updated)\b",
    ),
    _form("", "coming soon|to follow", rf"{_VALUE}(?:coming soon|to follow)[.!]*(?=[\s*_)]*$)"),
    _form(
        "",
        "latent issues and|used to train the model|weights, add a link|hardware used, hyper",
        r"^provide examples of latent issues and potential remediations\b",
        r"^describe the data you used to train the model\b",
        r"^if you initialized it with pre-?trained weights, add a link to\b|^preprocessing, hardware used,"
        r" hyperparameters(?:\.\.\.|\u2026)$",
    ),
    _form("signs", "\\n", r"(?-i:\\n\\n(?=[\sA-Z*#-]|$)|(?<=[.;:!?)])\\n(?=[A-Z*#-]))"),
    _form(
        "",
        "more information needed|more info needed",
        r"(?<!\[)\bmore info(?:rmation)? needed\b(?=[ .:]+(?:for further recommendations|\n)|[.\s]*$)",
    ),
    _form(
        "assistant",
        "oaicite|citeturn|\u3010|copy code|regenerate",
        r":contentReference\[oaicite|\bciteturn\d|\u3010\d{1,3}\u2020[^\u3011\n]{0,40}\u3011",
        r"^copy code$|^regenerate(?: response)?$",
    ),
    _form(
        "authors",
        "permalink|copy link|copy to|skip to|helpful?|edit on github|edit this page|accept |sent from my|wrote:"
        "|regards"
        "|hi all|hi team|hi everyone|dear all|dear team|dear everyone|hello all|hello team|hello everyone"
        "|: re:|: fw|from: ",
        rf"{_MARKS}(?:permalink|copy (?:link|to clipboard)|skip to (?:main )?content|was this (?:page|article)"
        rf" helpful\?"
        r"|edit (?:on github|this page)|accept (?:all )?cookies)[\s.!]*$",
        r"^sent from my \w+|^on [^\n]{5,80} wrote:$|^(?:best|kind|warm) regards,?$"
        r"|^(?:hi|hello|dear) (?:all|team|everyone),?$|^(?:subject|fwd|re): (?:re|fwd|fw): |^from:"
        r" [^\n]{3,80}\n(?:sent|to|date):",
    ),
    _form(
        "assistant",
        "certainly|sure|of course|absolutely|here is|here's|here\u2019s|here are|prompt:|chatgpt sa|you sa"
        "|would you like|i've |i\u2019ve |i have |good catch|great catch|great question|good question",
        r"^(?:certainly|sure(?: thing)?|of course|absolutely)[!,.]+ (?:here(?: is|['\u2019]s| are)\b|i(?:['\u2019]d"
        r"|['\u2019]ll| can| will)\b|below is)",
        r"^here(?: is|['\u2019]s| are) (?:an?|the|your|some) (?:polished|revised|rewritten|refined|reworked|reworded"
        r"|cleaned[- ]up|corrected|updated|improved|expanded|shortened|possible|suggested|draft)\b[^.\n]{0,40}"
        r"\b(?:versions?|sections?|text|cards?|descriptions?|summar(?:y|ies)|draft|readme|paragraphs?)\b",
        r"^(?:chatgpt|you) sai[d]:|^(?:great|good) (?:question|catch)!",
        r"^here are (?:some|a few|the) (?:suggestions|suggested|improvements|improved|changes|revised|updated)\b",
        r"^would you like me to\b|^i(?:['\u2019]ve| have) (?:updated|revised|rewritten|polished|cleaned|improved"
        r"|shortened)\b",
        r"^(?:system |user )?prompt: (?:write|generate|create|rewrite|draft|summari[sz]e|improve)\b[^\n]{0,80}"
        r"\b(?:card|readme|description|summary)\b",
    ),
    _form(
        "assistant",
        "as an ai|as a ai|as an l|as a large|as a language|i'm sorry|i\u2019m sorry|i am sorry|i cannot"
        "|i can't|i can\u2019t|my last|my latest"
        "|my knowledge|my training|my most recent|i don't|i don\u2019t|i do not|anything else",
        r"(?:^|(?<=[.!?] ))as an? (?:ai(?: (?:language )?model| assistant)?|(?:large )?language model|ai)"
        r"(?: (?:trained|developed|created|made) by \w+)?, (?:i|my)\b",
        r"(?:^|(?<=[.!?] ))i(?:['\u2019]m| am) sorry,? but i (?:can(?:['\u2019]t|not| not)|don['\u2019]t|am)\b",
        r"(?:^|(?<=[.!?] ))i (?:cannot|can['\u2019]t) (?:access|browse|verify|assist|fulfil+)\b",
        r"(?:^|(?<=[.!?] ))i (?:don['\u2019]t|do not) have (?:any |direct )?(?:information|access|personal"
        r"|real-time)\b",
        r"^is there anything else you(?:['\u2019]d| would)? like\b",
        r"\bas of my (?:last|latest|most recent|training|knowledge)\b",
        r"\bmy (?:knowledge|training data|training) (?:cut-?off|goes (?:up )?(?:to|until)|ends|extends|only)",
    ),
    _form(
        "assistant",
        "hope this|hope that|hope it|let me know|feel free",
        r"(?:^|(?<=[.!?] ))(?:i )?hope (?:this|that|it) helps\b",
        r"\blet me know if you(?:['\u2019]d| would) (?:like|prefer|want)\b|\blet me know if you (?:need|want) (?:any"
        r" (?:changes|edits|adjustments|further|other)|me to)\b",
        r"\bfeel free to (?:adjust|modify|edit|tweak|customi[sz]e|change|adapt) (?:this|the) (?:wording|text|tone"
        r"|content|draft|card|description|summary)\b|\bfeel free to (?:adjust|modify|edit|tweak|customi[sz]e) (?:it"
        r"|this)"
        r"(?: as needed| to (?:suit|fit) your needs)?[.!]*$",
    ),
    _form(
        "authors",
        "draft|confidential|internal|do not |don't |don\u2019t |not for|approved|reviewed|cleared|signed off"
        "|for review|page ",
        rf"{_MARKS}(?-i:DRAFT)(?![\w-]| model)|{_MARKS}draft ?(?:[-\u2013\u2014:,;(]|version\b|v?\d)[^\n]{{0,60}}$",
        rf"{_MARKS}(?:\w+ (?:and |& )?)?confidential(?=[\s*_)\]]*$|[*_]* ?[-\u2013\u2014:.,;(!/|&])(?! computing)",
        rf"{_MARKS}(?:\w+[ :,-]+){{0,3}}(?:internal use only|internal only(?=[^\w\n])|internal use[.!]*$|not for"
        rf" (?:public |external |general )?(?:release|distribution"
        r"|publication|circulation))\b[^\n]{0,60}$",
        rf"{_MARKS}(?:please )?(?:do not|don['\u2019]t) (?:cite|quote|distribute|share|circulate|publish|merge|forward)"
        r"(?: or \w+)?(?: yet| this"
        r"(?: \w+)?| externally)?[\s.!*_\])]*$",
        rf"{_MARKS}(?-i:INTERNAL)\b(?=[\s*_)\]]*$|[*_)\]]* ?[-\u2013\u2014:.,;(!/|&]|[*_]* {_OF_TEXTS}\b)"
        r"[^\n]{0,60}$",
        rf"{_MARKS}not (?:yet )?(?:approved|reviewed|cleared|signed off)\b[^\n]{{0,60}}$",
        rf"{_MARKS}(?:\w+ )?for review(?: only|ers? only)\b",
        r"^\W*page \d{1,3} (?:of|/) \d{1,3}\W*$",
        r"[(\[](?:please )?(?:do not|don['\u2019]t) (?:cite|quote|distribute|share|circulate|publish|forward|release)"
        r"(?: or \w+)?(?: yet| this(?: \w+)?| externally| publicly)?[.!]?[)\]](?!\()",
        r"[(\[](?:not for (?:publication|publishing|release|distribution)|for internal use(?: only)?"
        r"|internal(?: use)? only)[.!]?[)\]](?!\()",
    ),
    _form(
        "authors",
        "work in progress|under construction|a draft|first draft|early draft|not finished|not complete"
        "|not yet|note to|notes to|incomplete",
        rf"{_MARKS}work in progress\b[^\n]{{0,40}}$",
        r"\bthis (?:model )?(?:card|page|section|document|readme|description) is (?:still |currently )?(?:a )?(?:work"
        r" in progress"
        r"|under construction|not (?:yet )?(?:finished|complete)|a draft|an? (?:first|early) draft|incomplete)\b",
        rf"{_MARKS}notes? to (?:self|(?:the )?(?:reviewers?|editors?|authors?)|myself)\b",
    ),
    _form(
        "authors",
        "[review|[comment|[note to|[editor|[author|[remark|[question|(check|(confirm|(verify|(ask |(clarify"
        "|(discuss|(please"
        "|please|can you|could you|pls|reviewer|review comment",
        r"\[(?:review(?:er)?(?: \w+)?|comment|editor(?:'s note)?|remark|note to \w+|question)\b[^\]\n]{0,80}\]"
        r"(?![(\[:])",
        r"\((?:check|confirm|verify|ask|clarify|discuss) (?:with|this|that|these|those|the) [^()\n]{2,40}\)|\(please"
        r" (?:check"
        r"|confirm|verify|review|add|update|fill)[^()\n]{0,40}\)",
        rf"{_MARKS}@[a-z][\w.-]{{1,30}}[,:]? (?:please|can you|could you|pls)\b",
        rf"{_MARKS}(?:reviewer(?: \d+)?|review comment)s?:",
    ),
)
"""Of these forms, matches within quotation marks or a block quotation are ignored: they may be quoted."""

_SIGNS = Signs((*EMPTY_SIGNS, *(sign for one in FORMS for sign in one.signs)))
_IN_QUOTATION = frozenset({"assistant"})


def places_of_signs(text: str) -> Mapping[str, Sequence[int]]:
    """Where a text holds signs of the forms and of `EMPTY_WORDS`."""
    return _SIGNS.places(text)


def placeholders_in(text: str) -> Iterator[tuple[Form, re.Match[str]]]:
    """What each form matches in a text."""
    places = _SIGNS.places(text)
    for one in FORMS if places else ():
        if places.keys().isdisjoint(one.signs):
            continue
        for match in near(one.form, text, (place for sign in one.signs for place in places.get(sign, ()))):
            line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if one.what not in _IN_QUOTATION or not _is_quoted(line):
                yield one, match


def _is_quoted(before: str) -> bool:
    return (
        before.lstrip().startswith(">") or before.count('"') % 2 == 1 or before.count("\u201c") > before.count("\u201d")
    )
