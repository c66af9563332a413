"""Words that say where something went or stands: up and down, better and worse, more and less, above and below.

One list for the whole check: what proves a difference to be told is also what can contradict the facts.
"""

import re

_rises = (
    r"(?<!make )(?<!made )(?<!making )(?<!set )(?<!sum )(?<!sums )(?<!wrap )(?<!follow )(?<!sign )(?<!signed )(?<!catch )(?<!end )(?<!ends )(?<!ended )"
    r"up(?!on|\s+(?:for (?:renewal|discussion|review)|the (?:chain|ladder|line)))|rose|risen|rise[s]?|rising|grew|grown|grows?|growing|growth|increas(?:e[sd]?|ing)|gain(?:s|ed|ing)?|climb(?:s|ed|ing)?|jump(?:s|ed|ing)?"
    r"|higher|soar(?:s|ed|ing)?|surg(?:es|ed|ing)|swell(?:s|ed|ing)?|swollen|expand(?:s|ed|ing)?|added|adds|adding|doubled|tripled|quadrupled|crept up|picked up"
    r"|uptick|upturn|upswing|advanc(?:es|ed|ing)|mount(?:s|ed|ing)|larger|bigger|lift(?:s|ed)|boost(?:s|ed)|leapt|leap(?:s|ed)?|shot up|ticked up|edged up|inched up"
    r"|accelerat(?:es|ed)|balloon(?:s|ed)|rocketed|skyrocketed|spiked|ascended|elevated|raised(?! (?:the|a|an|this|that|it|concerns?|questions?|issues?|with|by)\b)|multiplied|widened"
)
_falls = (
    r"(?<!work )(?<!working )(?<!bring )(?<!burn )(?<!note )(?<!noted )(?<!break )(?<!wind )down|fell|fallen|fall[s]?|falling|drop(?:s|ped|ping)?|declin(?:e|es|ed|ing)|decreas(?:e[sd]?|ing)|lost|loses?|losing|lower(?:ed)?|slipp(?:ed|ing)|slips?|slid|slide(?:s)?(?= (?:from|to|by|back|in|of))"
    r"|shrank|shrunk|shrinks?|shrinking|contract(?:ed|ion)|reduc(?:ed|es|ing|tion)|eas(?:ed|es|ing)|dipp?(?:ed|s|ing)?|halved|sank|sunk|sinks?|tumbled|plunged|loss"
    r"|reced(?:ed|es)|dwindl(?:ed|es)|retreat(?:ed|s)?|diminish(?:ed|es)|subsid(?:ed|es)|downturn|downtick|smaller|shed|sheds|shedding|plummeted|slumped|ebbed|waned|narrowed"
    r"|trimmed|cut(?! (?:the|a|an|this|that|it)\b)|dwindling|softened|erod(?:ed|es)|gave up|gone backwards?|lessened|collapsed|thinned"
)
_above = r"above|ahead|in front|exceed(?:s|ed|ing)?|outpac(?:es|ed|ing)|beat(?:s|ing)?|outperform(?:s|ed|ing)?|top(?:s|ped|ping)|surpass(?:es|ed|ing)?|outstrip(?:s|ped)?|north of|clear of|beyond"
_below = r"below|behind|short(?: of)?|trail(?:s|ed|ing)?|lag(?:s|ged|ging)?|underperform(?:s|ed|ing)?|south of|shy of|beneath|adrift of"
_good = r"improv(?:e[sd]?|ing|ements?)|better|recover(?:s|ed|y|ing)|strengthen(?:s|ed|ing)?|progress(?:es|ed)?|healthier|stronger|rebound(?:s|ed)?"
_bad = r"worse(?:n(?:s|ed|ing)?)?|deteriorat(?:e[sd]?|ing|ion)|weaken(?:s|ed|ing)?|weaker|setback|regress(?:ed|ion)|poorer"


def _words(*lists: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(lists)})\b", re.IGNORECASE)


RISES = _words(_rises, "more", _above)
FALLS = _words(_falls, "fewer|less", _below)
GOOD = _words(_good)
BAD = _words(_bad)
SIDES = _words(_above, _below, "over|under")
MORE = _words("more|fewer|less|higher|lower|better|worse|larger|smaller|bigger|weaker|stronger")
RISE = RISES
FALL = _words(_falls, "fewer|less|under", _below)
MOVED = re.compile(
    r"\b(?:by|change[ds]?|moved?|moving|movement|swing|gap|differ\w+|than|between|cost\w*|of|away|from|to|delta|shift(?:s|ed)?|distance|margin|spread|apart|lies?|compar\w+|Δ"
    rf"|{_good}|{_bad})\b|[+]\d|-\d",
    re.IGNORECASE,
)
