"""The words that a sentence of a model must not type, and those that may begin one (see ``accounts.cited``). Pure."""

import re
from typing import Final

MARKUP: Final = re.compile(r"[<>\[\]{}`*#|\\^~@]|https?:|www\.|//|_{2}", re.IGNORECASE)
SIGNS: Final = re.compile(r"[%‰€£$¥₹]|\bper ?cent\b|\bpercentage points?\b", re.IGNORECASE)
NUMBERS: Final = re.compile(
    r"\b(?:zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundreds?|thousands?|millions?|billions?|dozens?|half|halves|halved|"
    r"twice|thrice|doubled?|tripled?|quadrupled?|(?:a|one|the) (?:third|quarter|fifth|tenth)|"
    r"(?:third|quarter|fifth|tenth)s? of|both|couple of|majority|minority)\b",
    re.IGNORECASE,
)
DATES: Final = re.compile(
    r"\b(?:January|February|March|April|June|July|August|September|October|November|December)\b|(?<=[a-z,] )May\b|"
    r"\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|\bQ\s?[1-4]\b|"
    r"(?i:\b(?:yesterday|tomorrow|overnight)\b|\b(?:last|next|previous|past|coming)(?: few| several)? "
    r"(?:days?|weeks?|months?|quarters?|years?|summer|winter|spring|autumn)\b|"
    r"\b(?:days?|weeks?|months?|quarters?|years?) (?:ago|away|left|later|earlier)\b)"
)
NEAR_DATES: Final = re.compile(r"\b(?:today|this (?:week|month|quarter|year)|tonight)\b", re.IGNORECASE)
RISES: Final = re.compile(
    r"\b(?:rises?|rose|risen|rising|grows?|grew|grown|growing|growth|increas(?:e|es|ed|ing)|climb(?:s|ed|ing)?|improv(?:e|es|ed|ing|ement|ements)|"
    r"better|recover(?:s|ed|ing|y)?|gain(?:s|ed|ing)?|surg(?:e|es|ed|ing)|soar(?:s|ed|ing)?|strengthen(?:s|ed|ing)?|expand(?:s|ed|ing)?|higher|upward|up)\b",
    re.IGNORECASE,
)
FALLS: Final = re.compile(
    r"\b(?:fell|falls|fallen|falling|drop(?:s|ped|ping)?|declin(?:e|es|ed|ing)|decreas(?:e|es|ed|ing)|shr(?:ank|unk|inks?|inking)|plung(?:e|es|ed|ing)|"
    r"slid|slides?|sliding|slip(?:s|ped|ping)?|sank|sinks?|sinking|worse(?:n|ns|ned|ning)?|deteriorat(?:e|es|ed|ing|ion)|weaken(?:s|ed|ing)?|dwindl(?:e|es|ed|ing)|lower|downward|down)\b",
    re.IGNORECASE,
)
VERDICTS: Final = re.compile(
    r"\b(?:low|lower|medium|moderate|high|higher|critical|severe|minor|negligible|elevated|extreme|acute)(?:[ -]\w+){0,2} risk\b|"
    r"\brisk (?:is|remains|stays|looks|seems|appears)(?: \w+)? (?:low|medium|moderate|high|critical|severe|minor|negligible|elevated|extreme)\b|"
    r"\b(?:no|not at|without|zero) risk\b|\b(?:safe|secure|healthy|happy|satisfied|delighted|loyal|thriving|excellent|great)\b|"
    r"\b(?:strong|stable|steady|settled|flawless|in full|in good standing|on track|on time|as (?:usual|planned|agreed)|well engaged|fully engaged|"
    r"highly engaged|very active|no (?:concerns?|issues?|problems?|complaints?)|nothing to worry)\b|\bpayments? (?:is|are) (?:current|fine|made)\b|"
    r"\bwill (?:\w+ )?(?:churn|leave|cancel|renew|stay|terminate|expand|buy)\b|\b(?:likely|unlikely|probably|certainly|definitely|surely|guaranteed?s?|bound to)\b",
    re.IGNORECASE,
)

_TERMS: Final = "I CSM CSMs QBR QBRs NPS ARR MRR TAM ROI API APIs SSO IT KPI KPIs OK FAQ Notion"
TERMS: Final = frozenset(_TERMS.split())
"""Terms of the trade, which name nobody."""

_WORDS: Final = (
    # Determiners, pronouns, conjunctions, adverbs.
    "a an the this that these those some any all each every either neither another other such no it its they their them he she we our us you your who "
    "what which whoever whatever there here then now and or but so yet because since as if when while where whether until unless though although after "
    "before once with without within by for from to in on at of over under about between among during through against beside besides despite given "
    "also still only just even again together however meanwhile moreover therefore thus first second third next last finally soon later instead rather "
    "otherwise not never nobody nothing none most more less few many much several both how why please let "
    # Nouns of the field.
    "account accounts action actions activity admin adoption agreement alert alignment answer arrears attention band behaviour behavior billing budget "
    "call calls case cause champion change check churn clarity colleague colleagues communication company complaint complaints contact contacts contract "
    "conversation customer customers data date deadline decision demo department escalation escalations engagement evidence executive fact facts "
    "feature features feedback finance focus goal goals health help history impact incident interaction interest invoice invoices issue issues "
    "knowledge leadership lack level licence license licences login logins loss management manager meeting money month neglect notes notice offer "
    "onboarding open opportunity outcome owner owners partner past payment payments people person plan plans point points pressure price priority problem "
    "process product progress project proof proposal purpose question questions reason relationship renewal reply report response result review risk role rollout "
    "score seat seats segment sentiment service session sessions signal signals signs silence situation sponsor sponsors staff stakeholder "
    "stakeholders status step steps story success support talk talks team teams ticket tickets time timing together training trend trust "
    "usage use user users value view voice week work working workshop "
    # Verbs, mostly as orders.
    "accept act add address adjust agree aim align allow anchor answer appoint arrange ask assign assess assure attach avoid be become begin book bring build "
    "check choose clarify clear close collect combine come complete confirm connect consider continue coordinate cover create deal decide define "
    "deliver demonstrate describe design determine develop discuss do document draft drive earn encourage end engage ensure escalate establish evaluate "
    "explain explore extend fill find finish fix follow gather get give go guide hand have hear hold identify include inform introduce "
    "investigate invite involve join keep know launch lead learn listen look make map mark measure meet monitor move name negotiate note observe obtain "
    "organise organize own pair pay pick pilot plan prepare present prevent prioritise prioritize promise prove provide pull put raise reach read rebuild "
    "receive recognise recognize recommend record reduce refer refresh remind remove renew repair repeat reply report request reset resolve respond rest restore restart resume "
    "retain return review revisit run save say schedule secure see seek send set settle share show sign simplify solve speak start state stay stop "
    "strengthen study submit suggest summarise summarize support switch take talk target teach tell test thank tie track train treat try turn understand "
    "update use validate verify visit wait walk want watch win work write is are was were has had does did can could may might must shall should will would"
)
_OPENERS: Final = frozenset(_WORDS.split())
_ENDINGS: Final = ("ing", "ly", "tion", "sion", "ment", "ness", "ance", "ence")


def is_ordinary(word: str) -> bool:
    """Tell whether a word is plain English of this field, so that its capital at a sentence's start says nothing."""
    folded = word.casefold().replace("’", "'").removesuffix("'s").removesuffix("n't")
    parts = folded.split("-")
    return all(part in _OPENERS or (len(part) > 6 and part.endswith(_ENDINGS)) for part in parts if part)
