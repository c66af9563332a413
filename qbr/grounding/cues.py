"""The words that say what a figure is doing in a sentence: rising, left over, part of something, long ago."""

import re

from qbr.grounding.figures import Needs

NEEDED: dict[Needs, re.Pattern[str]] = {
    Needs.REST: re.compile(
        r"\b(?:unused|idle|not|without|free|remain\w*|left|rest|other|untouched|spare|to (?:fill|assign|hand out|give out)|yet|open|unassigned|available|missing|never|still|nobody|empty|leav\w*|room|headroom|to spare|to go|wast\w*|dormant|shel(?:f|ves)|in (?:store|stock|reserve)|unclaimed|unfilled|vacant|surplus|inactive|lying around|no (?:[a-z]+ )?(?:users?|one|owner|takers?)|no-one|hand(?:ed)? back|giv(?:e|en|ing) back|dark|reclaim\w*|reassign\w*|reallocat\w*|redistribut\w*|clean-?up|outstanding|carr(?:y|ied) (?:over|forward|into)|slipped|dead|wait(?:s|ing)? (?:to be|for (?:some|an)))\b",
        re.IGNORECASE,
    ),
    Needs.PART: re.compile(r"\b(?:of|out|kept|shares?|rate|portion|proportion)\b|\d\s?/\s?\w", re.IGNORECASE),
    Needs.TOTAL: re.compile(
        r"\b(?:total\w*|together|combined|sum\w*|altogether|in all|overall)\b", re.IGNORECASE
    ),
    Needs.BETWEEN: re.compile(
        r"\b(?:between|before|ahead|prior|after|apart|later|earlier|from|separat\w+|notice period|notice of|days'? notice)\b",
        re.IGNORECASE,
    ),
    Needs.BORDER: re.compile(
        r"\b(?:threshold\w*|limit\w*|border|line|green|amber|red|away|below|under|above|beyond|over(?! the (?:quarter|period|year|last|past))|reach\w*|cross\w*|short)\b",
        re.IGNORECASE,
    ),
    Needs.LOWEST: re.compile(
        r"\b(?:rang(?:e|es|ed|ing)|corridor|(?:moved|swung|been|was|stood|between)\s+between|between(?= \S+ and \S+ (?:the |our |its )?(?:health )?(?:score|it)\b)|(?:at|in) its (?:weakest|worst)|low|lowest|bottom\w*|dip\w*|trough|minimum|min|worst)\b",
        re.IGNORECASE,
    ),
    Needs.HIGHEST: re.compile(
        r"\b(?:rang(?:e|es|ed|ing)|corridor|(?:moved|swung|been|was|stood|between)\s+between|between(?= \S+ and \S+ (?:the |our |its )?(?:health )?(?:score|it)\b)|never (?:went |rose |got )?(?:over|above|beyond)|(?:better|brightest|strongest) (?:moments?|days?|weeks?)|peak\w*|high|highest|best|maximum|max|top\w*)\b",
        re.IGNORECASE,
    ),
    Needs.COMPARED: re.compile(
        r"\b(?:median|benchmark\w*|peers?|segment\w*|average|cohort|compar\w+|similar|industry|typical\w*|usual\w*|others?|customers|companies|norm)\b",
        re.IGNORECASE,
    ),
    Needs.FULL: re.compile(r"\b(?:100|hundred|perfect|full|maximum|possible)\b", re.IGNORECASE),
}
IDLE = re.compile(
    r"\b(?:unused|idle|dormant|untouched|(?:not|never) (?:yet )?(?:been |being )?(?:in use|used|taken|assigned|touched|opened|activated|live|filled|switched on|deployed|adopted|launched|rolled out|started|set up|enabled)|not(?=[.,;!?]|\s*$)|empty|unassigned|free|nobody|spare|never|missing|without|unclaimed|dust|left|remain\w*|undeployed|inactive|to (?:fill|assign|hand out|give out)|shel(?:f|ves)|in (?:store|stock|reserve)|unfilled|vacant|surplus|lying around|lies? idle|yet to be (?:used|opened|touched|activated|adopted|switched on|launched|tried)|(?:not|never) (?:yet )?(?:been )?put to (?:work|use)|untapped|unopened|unexplored|out of use|dark|no (?:user|one|owner|takers?)|no-one|hand(?:ed)? back|giv(?:e|en|ing) back|reclaim\w*|reassign\w*|reallocat\w*|redistribut\w*|to be (?:filled|assigned|handed out)|clean-?up|wait(?:s|ing)? (?:to be|for (?:some|an?)))\b",
    re.IGNORECASE,
)
IN_USE = re.compile(
    r"(?<!not )(?<!not yet )(?<!never )(?<!don't )(?<!to be )(?<!never been )(?<!not being )\b(?:in use|in regular use|live|adopted|activated|switched on|running|deployed|rolled out|in production|used|(?<!in )(?<!in regular )(?<!in daily )uses?|using|active|taken|occupied|works?|working|log|logs|logged|productive|utili[sz](?:e[sd]?|ing)|populated|filled)\b",
    re.IGNORECASE,
)
BOUGHT = re.compile(r"\b(?:bought|purchas\w+|pa(?:id|ys?) for|licen[cs]ed for)\b", re.IGNORECASE)
BOUGHT_AFTER = re.compile(
    r"\s*(?:seats?|licen[cs]es?)?\s*(?:were|was|are|is|have been|had been)?\s*(?:bought|purchased|ordered|contracted|paid for)\b",
    re.IGNORECASE,
)
SEATS_IN_USE = re.compile(
    r"\s*(?:active|used|occupied)\s+(?:seats|users)|\s*(?:seats|users|licen[cs]es)\s+(?:are\s+|were\s+)?(?:in use|used|taken|active)\b",
    re.IGNORECASE,
)
_numbers = r"(?:\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|half|some|many|most|none|all)"
OF_BEFORE = re.compile(
    rf"(?:^\s*|(?<!every )(?<!each )\b{_numbers}\s(?:out )?)of (?:the |its |their |our |all |last quarter's |the last review's )*$",
    re.IGNORECASE,
)
OF_AFTER = re.compile(
    rf"\s(?:out )?of (?:(?:the |its |their |our )?{_numbers}\b|(?:them|those|which|these)\b)", re.IGNORECASE
)
OF_RIGHT_BEFORE = re.compile(
    r"\d\s?/\s?$|\bof (?:the |its |their |our |all |last quarter's )*$", re.IGNORECASE
)
HEDGES = r"(?:(?:about|around|roughly|some|just|over|under|above|below|more|less|fewer|than|nearly|almost|not|quite|close to|slightly|well|barely|approximately|only|at least|at most|up to) )*"
BY_BEFORE = re.compile(rf"\b(?:by|up|down|gained|lost|plus|minus|added|shed)\s+{HEDGES}$", re.IGNORECASE)
STANDS_BEFORE = re.compile(
    rf"\b(?:to|at|is|was|stands?|stood|from|against|of|reach(?:ed|ing|es)|hit(?:s|ting)?|now|currently|today)\s+{HEDGES}$",
    re.IGNORECASE,
)
ENDS_BEFORE = re.compile(
    rf"\b(?:to|at|from|against|reach(?:ed|ing|es)|hit(?:s|ting)?|now|currently|today)\s+{HEDGES}$",
    re.IGNORECASE,
)
COSTS = re.compile(
    r"\b(?:(?:lowers?|lowered|reduces?|reduced|cuts?|pulls?|pulled|worth)(?:\s+\w+){0,3}\s+(?:score|health)|cost\w*|los[et]\w*|takes?|took|taken off|deduct\w*|hold\w* .{0,20}back|weigh\w*|to win back|detract\w*)\b",
    re.IGNORECASE,
)
COMPARED = re.compile(r"\b(?:median|benchmark|peers?|segment|average)\b", re.IGNORECASE)
