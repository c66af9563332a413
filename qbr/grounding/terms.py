"""Terms that name nobody: abbreviations, roles, headings, months, the labels of the catalogue."""

from functools import cache

from qbr.catalogue import CATALOGUE
from qbr.document import CUSTOMER_HEADINGS, HEADINGS
from qbr.facts import MONTHS
from qbr.grounding.dates import WEEKDAYS
from qbr.grounding.words_of_names import Words, fold, words_of

# Terms of the trade and of the portal, which name nobody; and teams and roles, which every company has.
_TERMS = (
    "QBR QBRs ROI ARR MRR NPS CSM CSMs TAM RAG API APIs SSO KPI KPIs OKR OKRs CRM ERP B2B B2C SaaS IT HR CEO CFO CIO CTO "
    "COO CISO CMO CRO VP FAQ PDF CSV SLA SLAs UI UX ID Q&A PoC MVP RFP P1 P2 P3 EBR EBRs AI ML LLM 24/7 AOB FYI ETA TBC TBD TBA YoY QoQ MoM WoW YTD QTD PO POs SOW MSA NDA DPA EOD EOW COB "
    "WIP RSVP BTW NB CC ASAP UAT SOP RCA RACI SWOT TCO CAC LTV CLV GRR NRR CES CSAT FTE FTEs SKU SKUs BI BU PMO CAB SVP EVP MD GM CPO CDO CCO "
    "CHRO P.S PS Appendix Annex Exhibit HTTP HTTPS URL URLs JSON XML XLS XLSX DOC PPT PNG GDPR HIPAA SOX ISO IEC SOC WCAG PCI DSS ITIL NIST RFC "
    "IEEE DIN UTC GMT CET R&D T&C KB MB GB TB IP VPN OS QA N/A HQ LMS HRIS BPO PMs PM AM TL I OK USD EUR GBP CHF JPY "
    "TLS SSL Q Esc Mon Tue Wed Thu Fri A4 L1 L2 Whys Notion Excel Customer Success Executive Business Review Quarterly Finance Sales Marketing "
    "Support Operations Product Engineering Legal Procurement Security Admin Admins Plan Sponsor Board Account Manager "
    "Health Score Summary Next Steps Internet English"
)
_PHRASES = (
    "United States",
    "United Kingdom",
    "European Union",
    "Single Sign-On",
    "Net Promoter Score",
    "Steering Committee",
)


@cache
def terms() -> frozenset[Words]:
    phrases: set[Words] = {(fold(word),) for word in _TERMS.split()}
    phrases |= {words_of(heading) for heading in (*HEADINGS.values(), *CUSTOMER_HEADINGS.values())}
    phrases |= {words_of(region) for region in _PHRASES}
    phrases |= {(month.casefold(),) for month in MONTHS}
    # A day that is named alone is a date; "on Tuesdays" is a habit.
    phrases |= {(f"{day}{ending}",) for day in WEEKDAYS for ending in ("", "s")}
    phrases |= {words_of(entry.label) for entry in CATALOGUE}
    return frozenset(phrases)
