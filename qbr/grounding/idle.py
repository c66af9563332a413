"""Numbers that claim nothing: slide 4, a two-hour workshop, three reasons, 24/7, the last 90 days.

Asked only of a number that no fact bears out. What a reader could take for a result ("saves two hours a week", "the
fourth escalation") is a claim, however it is worded.
"""

import re

from qbr.grounding import idioms, labels, ordinary, talk
from qbr.grounding.context import Surroundings
from qbr.grounding.numerals import SMALL
from qbr.grounding.quantities import FOLD, MONEY, PERCENT, PERCENT_POINTS, SHARE, Quantity

_number = rf"(?:\d{{1,3}}|{'|'.join(sorted(SMALL, key=len, reverse=True))})"
_time = r"(?:seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|quarters?|years?|weekends?|nights?)"
# How long something plain takes, or how far a sentence looks back or ahead.
_WINDOW_BEFORE = re.compile(
    r"\b(?:last|past|next|coming|previous|following|recent|first|final|these|those|every|another|each)\s+"
    r"(?:the\s+)?(?:about\s+|around\s+|roughly\s+|some\s+)?$",
    re.IGNORECASE,
)
_RANGE_BEFORE = re.compile(rf"\b{_number}\s?(?:-|–|to|or|and)\s?$", re.IGNORECASE)
_PLANNED_BEFORE = re.compile(
    r"\b(?:within|in|for|after)\s+(?:the\s+)?(?:about\s+|around\s+|roughly\s+|some\s+)?$", re.IGNORECASE
)
_PLAN = re.compile(
    r"\b(?:will|shall|should|would|could|can|let|want|wants|plan|plans|propose|suggest|aim|goes|going|please|may|might|must|need|needs|runs|lasts|takes place|prepare|prepares)\b|'ll\b",
    re.IGNORECASE,
)
_COMPOUND_AFTER = re.compile(
    rf"-(?:{_time}|pages?|parts?|steps?|person|way|fold|point|line|stage|phase|star|hour|sided?|tier)\b(?! (?:loss|gain|drop|rise|fall|increase|decrease|decline|lead|gap|swing|margin|improvement|jump|slide|slump|slip|dip|growth|advantage|deficit|shortfall|change|difference|distance|silence))",
    re.IGNORECASE,
)
_FREQUENCY_AFTER = re.compile(
    r"\s*(?:[a-z]+\s+)?(?:times?\s+)?(?:a|an|per|each|every)\s+(?:day|week|fortnight|month|quarter|year)\b",
    re.IGNORECASE,
)
# What no word between a number and what it counts can be: two new ideas, but not: the 7 gave way.
_inner = (
    r"(?!(?:gave|gives?|is|are|was|were|be|to|and|or|but|in|on|at|by|for|from|with|as|than|has|had|have|came|went|all|it|they|we|you|that|which|who|when"
    r"|before|after|against|out|up|down|better|worse|more|fewer|less)\b)"
)
_DISCOURSE_AFTER = re.compile(
    rf"\s+(?:of (?:the|our|your|their|its|my) )?(?:{_inner}(?:[a-z]+-)?[a-z]+(?:'s)?\s+){{0,2}}?(?:reasons?|things?|parts?|sides?|ways?|questions?|steps?|priorit(?:y|ies)|topics?|themes?|sections?"
    r"|examples?|aspects?|messages?|ideas?|thoughts?|options?|observations?|takeaways?|wins?|lessons?|pillars?|workstreams?|words"
    r"|halves|phases?|items?|headlines?|chapters?|slides?|pages?|columns?|paragraphs?|sentences?|bullets?|versions?|hands?|asks?"
    r"|proposals?|suggestions?|recommendations?|issues?|problems?|concerns?|challenges?|obstacles?|hurdles?|opportunit(?:y|ies)"
    r"|teams?|parties|perspectives?|scenarios?|levers?|areas?|goals?"
    r"|objectives?|blocks?|tracks?|streams?|rounds?|pieces?|mornings?|afternoons?|evenings?|calls?|meetings?|sessions?|workshops?|pilots?|drafts?|angles?|fronts?|notes?|remarks?|numbers?|facts?|metrics?|indicators?|of (?:us|you|the above))\b(?! (?:still |currently |now )?(?:open|unanswered|pending|outstanding|unresolved|raised|logged))",
    re.IGNORECASE,
)
# The two, these three, both of the two: what stands in the text already.
_THOSE_BEFORE = re.compile(r"\b(?:the|these|those|all|both|other)\s+$", re.IGNORECASE)
_THOSE_AFTER = re.compile(
    r"\s*(?:[.,;:!?)]|$|(?:and you get|add|amount|make|come|came|go|went|stood|stand|were|had|have|moved|rose|fell|are|is|of (?:us|you|them|these|those)|together|combined|sum|total|work|fit|belong|will|can|should|agree[ds]?|sides|parties|companies|teams)\b)",
    re.IGNORECASE,
)
_POINTED_AT = re.compile(r"\b(?:these|those|both)\s+$", re.IGNORECASE)
_NOT_SO_MANY = re.compile(
    r"(?:\bnot|\brather than|\binstead of|\bscale (?:of|from) \w+ to|\bscale (?:of|from))\s+$", re.IGNORECASE
)
_CHOICE_BEFORE = re.compile(
    r"\b(?:room for|pick|choose|select|take|try|start with|begin with|focus on|prioriti[sz]e|name|nominate|send|bring|add|live with|go with|work with)\s+(?:just |only |at least |about )?$",
    re.IGNORECASE,
)
_GATHERING = re.compile(
    r"\b(?:workshop|session|meeting|call|demo|training|webinar|agenda|slot|break|discussion|questions|interview|exercise)s?\b",
    re.IGNORECASE,
)
# Half of the work, two thirds of success: a way of speaking.
_OF_ABSTRACT = re.compile(
    r"\s+of (?:the |all |our |any )?(?:work|battle|success|job|story|problem|effort|truth|fun|secret|value comes|challenge|task|journey|trick|recipe|answer|change)\b",
    re.IGNORECASE,
)
_SOME_PLURAL = re.compile(r"\s+(?:[a-z]+(?:-[a-z]+)?\s+){0,2}?[a-z]{3,}s\b(?!\s+of\b)")
_STANDS_BEFORE = re.compile(r"\b(?:to|from|at|is|are|was|were|of|by|stands?|than)\s+$", re.IGNORECASE)
_AT_A_TIME = re.compile(
    r"\s+[a-z]+\s+(?:at a time|by (?:one|two))\b|\s+(?:at a time|by (?:one|two))\b", re.IGNORECASE
)
_MORE_OF_IT = re.compile(
    r"\s+more(?:\s+(?:sites?|rounds?|try|go|push|step|reason|thought|question|idea|note|time|look|attempt|chance|example)\b|\s+(?:like|such|of (?:the same|that|those|these))|\s*[.,!:]|\s+(?:remarks?|words?|things?|points?)\b)",
    re.IGNORECASE,
)
# How long a small task takes.
_EFFORT_BEFORE = re.compile(
    r"\b(?:takes?|needs?|requires?|lasts?|within|in|under|every|for)\s+(?:only |just |about |around |less than |no more than |under |roughly |a |the )*$",
    re.IGNORECASE,
)
_TAKES_BEFORE = re.compile(r"\b(?:takes?|needs?|requires?|lasts?)\b[^.;]{0,24}$", re.IGNORECASE)
# How long things take as a rule, or shall take, told without any of the dates that facts count days to or from.
_HABIT = re.compile(
    r"\b(?:typically|usually|normally|generally|as a rule|by default|standard|takes?|lasts?|needs?|allow|budget|please|let(?:'s| us)?|give (?:it|us|them|yourself|people)"
    r"|kept|reset|handled|courses?|pilots?|trials?|programmes?|programs?|workshops?|trainings?|onboarding|imports?|exports?|rollouts?|roll-outs?|migrations?|set-?up"
    r"|sessions?|questionnaires?|surveys?|participants?|sprints?|habits?|homework|clean-up|joiners?)\b",
    re.IGNORECASE,
)
_COUNTDOWN = re.compile(
    r"\b(?:renew\w*|notice|contract\w*|expir\w*|cancel\w*|terminat\w*|agreement|left|remain\w*|until|to go|to decide|away|since|ago|gone|last|spoke\w*|contact\w*|heard|met|talk\w*"
    r"|silen\w+|quiet|green|amber|red|median|benchmark|saved?|saving|faster|slower|shorter|longer|from|instead|than|between|quarter|day \d+|score|period|open|opt(?:ing)? out|walk away|lapse\w*|deal|window|clos(?:e[sd]?|ing)|deadline|due|sign(?:ed|s|ing)?|runs? out|comes? up|is up|ends?|decid\w*|decision|term|subscription|extension|late|overdue)\b",
    re.IGNORECASE,
)
# How far a plan looks ahead: the coming six months, a roadmap of eighteen months, six months' time.
_HORIZON = re.compile(
    r"\b(?:next|coming|following|over|spans?|ahead|plan|plans|roadmap|horizon|in|within|for|stands for|first)\s+(?:the\s+)?(?:(?:next|coming|following|first)\s+)?(?:a\s+)?#"
    r"|#\s*-?months?(?:'|\s+(?:ahead|from now|is a|is the|plan|roadmap|pilot|trial|horizon|programme|program))",
    re.IGNORECASE,
)
_HAS_BEEN = re.compile(r"\b(?:been|have|has|had|were|was|took|into|did|came|went|did)\b", re.IGNORECASE)
_PROPOSAL = re.compile(
    r"\b(?:propos\w+|suggest\w*|recommend\w*|pick(?:ing)?|choos\w+|focus\w*|start(?:ing)? with|begin(?:ning)? with|let's|would rather|deserves?|below are|here are|follow|stand out|at a time|priorit\w+)\b",
    re.IGNORECASE,
)
_OWNED = re.compile(
    r"\b(?:in use|uses?|using|bought|buy|purchas\w+|licen[cs]e[ds]?|paid|pay|active|adopted|live|untouched|unused|idle|touched|kept|done|complet\w+|deliver\w+|closed|open|last|out of|contract\w*)\b",
    re.IGNORECASE,
)
_SCALED = re.compile(
    r"\b(?:rank|rate|score|mark|grade)\s+(?:each|every)\b[^.;]*\b(?:from|to|between|and)\s+$", re.IGNORECASE
)
_GROUP = re.compile(r"\b(?:groups?|teams?) (?:of|to)\s+(?:at most |about |up to )?$", re.IGNORECASE)
_PARTICIPANTS = re.compile(r"\s+(?:participants|attendees|places|volunteers)\b", re.IGNORECASE)
_ANSWERED = re.compile(
    r"\b(?:answered|resolved|responded|replied|fixed|closed|restored|solved|reacted|response|average|on average|were|was)\b",
    re.IGNORECASE,
)
_EFFORT_UNIT = re.compile(
    r"\s*-?(?:minutes?|mins?|hours?|half[- ]hours?|mornings?|afternoons?|days?)\b", re.IGNORECASE
)
_SILENT = re.compile(r"\b(?:silen\w+|quiet|no (?:word|contact|news|answer|reply))\b", re.IGNORECASE)
_A_TIME = re.compile(r"\s+an?\s+(?:day|hour|minute|morning|afternoon|week|dozen)\b", re.IGNORECASE)
_GAIN = re.compile(
    r"\b(?:sav(?:e|es|ed|ing|ings)|spar(?:e|es|ed)|cut|cuts|cutting|reduc\w+|gain\w*|faster|slower|quicker|shorter|shorten\w*|sooner|took|lost|losing|wast\w+|downtime|outages?"
    r"|down for|overdue|delay\w*|escalat\w+|since|ago)\b",
    re.IGNORECASE,
)
# Words of gain, of loss and of happening: beside them a span of time or a number is a result.
_RESULT = re.compile(
    r"\b(?:sav(?:e|es|ed|ing|ings)|spar(?:e|es|ed)|cut|cuts|cutting|reduc\w+|gain\w*|faster|slower|quicker|shorter|shorten\w*|sooner|earlier|later"
    r"|took|takes|lost|losing|wast\w+|downtime|outages?|down for|overdue|late|delay\w*|arrears|escalat\w+|tickets?|seats?|licen[cs]es?"
    r"|users?|renew\w*|expir\w*|notice|cancel\w*|adopt\w*|score|nps|invoices?|unpaid|silen\w+|spoke\w*|heard|since|ago"
    r"|shook hands|last time|made good|promis\w+|commit(?:ment\w*|ted to)|undertak\w+|pledg\w+|signed up|said we|owed|delivered|green|amber|red|roi|return|payback|revenue|arr|churn\w*|contract)\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th)|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)\b",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(
    r"\s+(?:[a-z]+\s+)?(?:years?|months?|weeks?|quarters?|escalations?|tickets?|outages?|incidents?|complaints?|renewals?|percentiles?|seats?|users?|licen[cs]es?|invoices?"
    r"|most|best|worst|largest|highest|lowest|of (?:the|its|their|our|all)|consecutive)\b",
    re.IGNORECASE,
)
# What the fact of escalations is counted over (SPEC 3.2).
_DAYS_OF_ESCALATIONS = 90
_ESCALATION = re.compile(r"\bescalat", re.IGNORECASE)
_TERM = re.compile(
    r"\b(?:renew|expir|notice|contract|agreement|terminat|cancel|subscription|decid|deadline|ends?\b)",
    re.IGNORECASE,
)
_DAYS_AFTER = re.compile(r"\s?-?d(?:ays?)?\b", re.IGNORECASE)
_SPAN_BEFORE = re.compile(
    r"\b(?:last|past|preceding|previous|prior|latest|recent|trailing|rolling|in|within|over|during|for|since|across|of)\s+(?:the |these |those |last |past )*$|[(,:/|]\s*$",
    re.IGNORECASE,
)
_SPAN_AFTER = re.compile(r"\s?-?d(?:ays?)?\s+(?:escalat|window|period|ago|count)|-day\b", re.IGNORECASE)
# How far from a number words of gain or loss make a result of it.
_REACH = 160
_WITHIN_HOURS = re.compile(r"\bwithin\s+(?:the next\s+)?$", re.IGNORECASE)
_HOURS_OF_DAYS = frozenset({24, 48, 72})
_PAGES_AFTER = re.compile(
    r"[ -](?:slides?|pages?|pagers?|paragraphs|words|lines|sentences|screens|megabytes|[KMGT]B)\b",
    re.IGNORECASE,
)
_INSTEAD_BEFORE = re.compile(r"\b(?:instead of|rather than|not|or|to|cut to|down to)\s+$", re.IGNORECASE)
_SAVED = re.compile(
    r"\b(?:sav\w+|spar(?:e|es|ed)|cut|cuts|cutting|reduc\w+|gain\w*|faster|slower|quicker|shorter|shorten\w*|sooner|lost|losing|wast\w+|downtime|outages?|down for|overdue|delay\w*|escalat\w+)\b",
    re.IGNORECASE,
)
_PAPERS_BEFORE = re.compile(
    r"\b(?:agenda|invit\w+|deck|slides|materials?|minutes|notes|papers?|pre-?reads?|recordings?|summary|documents?|draft)\b[^.;:\d]{0,40}\s$",
    re.IGNORECASE,
)
_CHECK_BACK = re.compile(
    r"\b(?:check (?:in|back)|follow up|look again|revisit|review|repeat|report back|come back|catch up)\b[^.;,\d]{0,24}\b(?:after|in|within|every)\s+$",
    re.IGNORECASE,
)
_MONTHS_AGO = re.compile(r"(?:three|3) months (?:ago|earlier|before that|back)\b", re.IGNORECASE)
_TALKED = re.compile(
    r"\b(?:spoke\w*|speak\w*|met|meet\w*|talk\w*|heard|contact\w*|call\w*|conversation\w*|touch|silen\w+|quiet|last (?:word|time|visit)|renew\w*|sign(?:ed|s)?|notice|cancel\w*)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(r"\b(?:costs?|price\w*|fee|charge[ds]?|comes to|worth|amounts to)\b", re.IGNORECASE)
_SIDE_BEFORE = re.compile(r"\b(?:upper|lower|top|bottom|better|weaker|stronger)\s+$", re.IGNORECASE)
_MEDIAN = re.compile(
    r"\b(?:median|benchmark\w*|peers?|field|comparable|similar|segment|compar\w+)\b", re.IGNORECASE
)
_OF_PEERS = re.compile(
    r"\s+(?:of\s+)?(?:them|those|these|(?:all |the |our |its |your )*(?:accounts|customers|peers|companies|field|segment|group|cohort))\b|\s+(?:do|does|are|is|lie|stand|sit|did) (?:better|worse|above|below|higher|lower)\b",
    re.IGNORECASE,
)
_TIMES_AFTER = re.compile(r"\stimes$", re.IGNORECASE)
_MULTIPLE = re.compile(
    r"\s+(?:as|more|the|that|what|its|their|higher|larger|bigger|better|faster|over|in|within|during|since|this|last)\b",
    re.IGNORECASE,
)
_AGREED_BEFORE = re.compile(
    r"\b(?:agreed|promised|kept|do|did|delivered|shook hands|signed up)(?: (?:you|them|us|each other))?(?: (?:on|to|for))?\s+$",
    re.IGNORECASE,
)
_THINGS_AGREED = re.compile(
    r"\s+(?:things|items|actions|points|steps|tasks)\b[^.;]{0,32}\b(?:agreed|promis\w+|said|signed|shook|committed|kept|owed|made good)\b",
    re.IGNORECASE,
)
_THINGS = re.compile(
    r"\s+(?:[a-z]+\s+)?(?:things|items|actions|points|steps|tasks|deliverables)\b", re.IGNORECASE
)
# A 6-week pilot, a 12-month roadmap: so long a plan shall take.
_PLAN_AFTER = re.compile(
    r"-(?:minute|hour|day|week|month)s?\s+(?:[a-z]+\s+)?(?:pilot|trial|plan|programme|program|sprint|workshop|call|session|meeting|course|check-in|roadmap|project|rollout|roll-out|campaign|training|interview|demo|webinar|clinic|slot|agenda|retro\w*|cadence|rhythm)s?\b",
    re.IGNORECASE,
)
# What happens and could be counted, whether facts do or not.
_EVENTS = re.compile(
    r"\s+(?:[a-z]+(?:-[a-z]+)?\s+){0,2}?(?:outages?|incidents?|complaints?|invoices?|renewals?|years?|times|bugs?|defects?|crashes|breaches|visits?|deals?|escalations?|tickets?|seats?|licen[cs]es?|features?|commitments?|promises?|accounts?|customers?|weeks?|days?|months?|hours?|points?)\b",
    re.IGNORECASE,
)
# A 40-slide deck, a 2-page summary; Commitment 1: …
_DOCUMENT_AFTER = re.compile(
    r"-(?:pages?|slides?|pagers?|minutes?|steps?|parts?|way|person)\b", re.IGNORECASE
)
_RESPONSE = re.compile(
    r"\b(?:answered|answers?|resolved|resolution|responded|response|replied|fixed|restored|solved|reacted|reaction|average|waiting|wait|handling|downtime|outages?|late|delay\w*)\b",
    re.IGNORECASE,
)
_MOST_COUNTED = 12
_MOST_IN_PASSING = 90
# What facts count: a number of these is always a claim.
_COUNTED = frozenset(
    {
        "seat",
        "ticket",
        "feature",
        "commitment",
        "escalation",
        "account",
        "people",
        "week",
        "day",
        "hour",
        "point",
    }
)
_PLANNED_IN = frozenset(
    {
        14,
        15,
        18,
        20,
        21,
        24,
        25,
        28,
        30,
        36,
        40,
        45,
        48,
        50,
        60,
        72,
        80,
        90,
        100,
        120,
        150,
        180,
        200,
        360,
        365,
    }
)
_LIST_OF_POINTS = re.compile(
    r"\b(?:agenda|bullet|list|slide|plan|memo|summary|argument|talking|discussion)\b", re.IGNORECASE
)
_THAN_BEFORE = re.compile(r"\b(?:to|from|by|was|were)\s+$", re.IGNORECASE)


def claims_nothing(found: Quantity, around: Surroundings) -> bool:
    """Say whether a number that no fact bears out states nothing that a fact could."""
    text, start, end = around.text, found.start, found.end
    before = text[max(around.sentence_start, start - 48) : start]
    if found.unit in (MONEY, PERCENT, PERCENT_POINTS):
        return idioms.is_idiom(text, start, end)
    if found.unit == SHARE and _is_half_of_peers(found, around):
        return True
    if found.unit == SHARE and _OF_ABSTRACT.match(text, found.numeral.end):
        return True
    if found.unit == SHARE and _A_TIME.match(text, found.numeral.end) and not _GAIN.search(around.clause):
        return True
    if found.unit == FOLD and _TIMES_AFTER.search(text[start:end]) and not _MULTIPLE.match(text, end):
        # Spelled the same all 12 times.
        return not _RESULT.search(around.sentence)
    if found.unit in (SHARE, FOLD):
        return idioms.is_idiom(text, start, end) or idioms.is_pair(text, start, end)
    if idioms.is_idiom(text, start, end) or idioms.is_clock(text, start, end) or _is_window(found, around):
        return True
    if _is_the_start(found, around):
        return True
    if _WITHIN_HOURS.search(before) and found.unit == "hour" and not _ANSWERED.search(around.clause):
        return any(value in _HOURS_OF_DAYS for value, _ in found.numeral.readings)
    if (_AGREED_BEFORE.search(before) and _THINGS.match(text, end)) or _THINGS_AGREED.match(text, end):
        # We agreed 5 things: promises by another name.
        return False
    if labels.is_a_label(found, text):
        return True
    if labels.is_of_a_legend(found, around) or _PLAN_AFTER.match(text, found.numeral.end):
        return True
    if _DOCUMENT_AFTER.match(text, found.numeral.end) or labels.is_of_an_item(before, text, end):
        return True
    if found.unit == "time" and not (
        _RESULT.search(around.clause) or any(value > _MOST_COUNTED for value, _ in found.numeral.readings)
    ):
        # Checked two times.
        return True
    if _is_in_passing(found, before, around):
        return True
    if _ORDINAL.fullmatch(text, start, end):
        return not _COUNTED_AFTER.match(text, end)
    is_small = any(
        value <= _MOST_COUNTED and value == value.to_integral_value() for value, _ in found.numeral.readings
    )
    if found.numeral.sign or found.out_of:
        return False
    if labels.names_one(found, before, around):
        return True
    left = (
        around.clause_start
        if text[around.clause_start : around.clause_start + 1] != "("
        else around.sentence_start
    )
    if _RESULT.search(text, max(left, start - _REACH), min(around.clause_end, end + _REACH)):
        return False
    if _COMPOUND_AFTER.match(text, found.numeral.end) or _FREQUENCY_AFTER.match(text, found.numeral.end):
        return True
    if idioms.is_pair(text, start, end):
        return True
    if found.numeral.is_word and found.unit in ("people", "person") and is_small:
        return True
    before = _RANGE_BEFORE.sub("", before)
    if re.fullmatch(_time, found.unit or "-", re.IGNORECASE):
        if _is_round(found) and _HABIT.search(around.sentence) and not _COUNTDOWN.search(around.sentence):
            return True
        is_planned = bool(_PLANNED_BEFORE.search(before) and _PLAN.search(around.sentence))
        return _is_round(found) and (is_planned or bool(_WINDOW_BEFORE.search(before)))
    if found.unit == "point":
        return is_small and bool(_LIST_OF_POINTS.search(around.sentence))
    is_part = found.elided_unit in _COUNTED and bool(re.match(r"\s+of\b", text[found.numeral.end :]))
    if found.numeral.is_word and not found.unit and _is_pair_of_things(found, before, text):
        return True
    if found.numeral.is_word and is_small and not (found.unit or found.elided_unit):
        # Ten questions, three legs: words that no fact counts, in a sentence that tells no result.
        is_level = _STANDS_BEFORE.search(before) or _RESULT.search(around.sentence)
        if not is_level and _SOME_PLURAL.match(text, found.numeral.end):
            return True
    return (
        is_small
        and not is_part
        and found.unit != "ticket"
        and bool(_DISCOURSE_AFTER.match(text, found.numeral.end))
    )


def _is_window(found: Quantity, around: Surroundings) -> bool:
    """Say whether days are those in which the fact counts escalations: in the last 90 days, within 90 days."""
    is_it = any(value == _DAYS_OF_ESCALATIONS for value, _ in found.numeral.readings)
    is_days = found.unit == "day" or _DAYS_AFTER.match(around.text, found.numeral.end)
    if not is_it or not is_days or not _ESCALATION.search(around.sentence) or _TERM.search(around.clause):
        return False
    before = around.text[max(around.sentence_start, found.start - 32) : found.start]
    if re.match(
        r"(?:[\s-]+days?)?\s+(?:until|to go|left|away|overdue|late|from now)\b",
        around.text[found.numeral.end :],
        re.IGNORECASE,
    ):
        return False
    return bool(_SPAN_BEFORE.search(before) or _SPAN_AFTER.match(around.text, found.numeral.end))


def _is_the_start(found: Quantity, around: Surroundings) -> bool:
    """Say whether three months ago is when the quarter began, and not when somebody last spoke."""
    is_it = found.unit == "month" and _MONTHS_AGO.match(around.text, found.start)
    return bool(is_it) and not _TALKED.search(around.sentence)


def _is_pair_of_things(found: Quantity, before: str, text: str) -> bool:
    """Say whether two or three things are told of that no fact counts and that do not happen: two languages, two signals."""
    return (
        all(value in (2, 3) for value, _ in found.numeral.readings)
        and not _EVENTS.match(text, found.numeral.end)
        and not _STANDS_BEFORE.search(before)
        and bool(_SOME_PLURAL.match(text, found.numeral.end))
    )


def _is_round(found: Quantity) -> bool:
    """Say whether a stretch of time is one that people plan in: 6 weeks, 90 days; nobody plans for 153 days."""
    return any(value <= _MOST_COUNTED or value in _PLANNED_IN for value, _ in found.numeral.readings)


def _is_in_passing(found: Quantity, before: str, around: Surroundings) -> bool:
    """Say whether a small number counts words, ideas or people spoken of, or how long a small task takes."""
    text, end = around.text, found.numeral.end
    if (
        any(value > _MOST_IN_PASSING for value, _ in found.numeral.readings)
        or found.numeral.sign
        or found.out_of
    ):
        return False
    is_time = re.fullmatch(_time, found.unit or "-", re.IGNORECASE)
    is_effort = (
        _EFFORT_BEFORE.search(before)
        and _EFFORT_UNIT.match(text, end)
        and not _SILENT.search(around.sentence)
    )
    if _is_of_papers(found, before) or (_CHECK_BACK.search(before) and _is_round(found) and is_time):
        return True
    if is_effort and found.unit != "minute" and not _GAIN.search(around.sentence):
        return (
            _is_round(found)
            and not _ANSWERED.search(around.clause)
            and bool(_TAKES_BEFORE.search(before) or _PLAN.search(around.sentence))
        )
    is_minutes = found.unit == "minute" or (
        found.elided_unit == "minute" and bool(_INSTEAD_BEFORE.search(before))
    )
    if is_minutes and not _SAVED.search(around.clause):
        # No fact counts minutes, but a support desk's answers are a result all the same.
        is_met = _GATHERING.search(around.sentence)
        return bool(is_met) or not _RESPONSE.search(around.sentence)
    if found.unit in ("month", "day") and _HORIZON.search(
        text[: found.start] + "#" + text[end:], found.start - 40 if found.start > 40 else 0, found.start + 40
    ):
        return _is_round(found) and not (
            _COUNTDOWN.search(around.sentence) or _HAS_BEEN.search(around.sentence)
        )
    if found.unit in ("feature", "action", "step") and _PROPOSAL.search(around.sentence):
        is_small = all(value <= _MOST_COUNTED for value, _ in found.numeral.readings)
        # "Two of the six features": the six are a claim.
        is_whole = re.search(r"\bof (?:the|its|your|our|their) $", before, re.IGNORECASE)
        return is_small and not is_whole and not _OWNED.search(around.sentence)
    if not found.unit and (_SCALED.search(before) or _GROUP.search(before) or _PARTICIPANTS.match(text, end)):
        return not _RESULT.search(around.sentence)
    if found.unit in ("site", "time") and _MORE_OF_IT.match(text, end):
        return True
    if (not found.unit or talk.is_of_the_oldest(before)) and talk.is_ranked(found, before, text):
        return True
    if talk.is_wanted(found, before, text[found.numeral.end : around.sentence_end]):
        return True
    if _PAGES_AFTER.match(text, end) and not found.unit:
        return True
    if any(value > _MOST_COUNTED for value, _ in found.numeral.readings) or found.unit in _COUNTED:
        return _is_price_of_one(found, around)
    if (
        (not found.unit or ordinary.is_of_talk(found.unit))
        and not _THAN_BEFORE.search(before)
        and talk.is_of_talk(found, text)
    ):
        return True
    if found.numeral.is_word and _NOT_SO_MANY.search(before) and not found.unit:
        return True
    if not found.numeral.is_word or found.elided_unit in _COUNTED:
        return False
    if _THOSE_BEFORE.search(before) and _THOSE_AFTER.match(text, end):
        return True
    if not found.unit and _POINTED_AT.search(before) and _SOME_PLURAL.match(text, end):
        # Against those two thresholds.
        return True
    if _CHOICE_BEFORE.search(before) and not is_time and not _GAIN.search(around.sentence):
        return True
    return bool(_AT_A_TIME.match(text, end) or _MORE_OF_IT.match(text, end))


def _is_of_papers(found: Quantity, before: str) -> bool:
    """Say whether a span tells when papers come: the agenda follows one week ahead."""
    return found.unit in ("day", "week", "hour") and _is_round(found) and bool(_PAPERS_BEFORE.search(before))


def _is_price_of_one(found: Quantity, around: Surroundings) -> bool:
    """Say whether "one seat" is what a price is told of: one seat costs € 120."""
    is_one = any(value == 1 for value, _ in found.numeral.readings)
    return is_one and found.unit == "seat" and bool(_PRICE.search(around.sentence))


def _is_half_of_peers(found: Quantity, around: Surroundings) -> bool:
    """Say whether "half" is what a median means: half of them have 56 % or better; the upper half of the field."""
    text = around.text
    if _SIDE_BEFORE.search(text[max(0, found.start - 12) : found.start]):
        return True
    is_told = _MEDIAN.search(around.previous + around.sentence)
    return bool(is_told) and bool(_OF_PEERS.match(text, found.numeral.end))
