"""The mirror of the workspace's accounts, their scores and what follows from them."""

from accounts.models.account import Absence, Account, PropertyMapping, ROIFactMapping
from accounts.models.alerts import Alert, AlertAct, AlertPlace
from accounts.models.churn import ChurnAssessment, ChurnStory
from accounts.models.coaching import CoachingPlan, CoachingStep, PlanState
from accounts.models.digests import Digest, DigestChannel, DigestChoice
from accounts.models.expansion import Opportunity, OpportunityPlace, PlacePurpose, PriceItem
from accounts.models.health import AccountHealth, DraftSource, HealthScore, PolicyDraft, PolicyVersion
from accounts.models.hints import Hint, HintState, NotionWatch
from accounts.models.notion_writes import (
    CSMProfile,
    FiguresInNotion,
    FiguresRun,
    ProfileState,
    WriteState,
    WrittenFigures,
)
from accounts.models.outcomes import HistoryReport, Outcome, OutcomeImport, OutcomeKind, ReportKind
from accounts.models.overrides import BandOverride
from accounts.models.rates import ExchangeRate
from accounts.models.sync import Answer, SyncKind, SyncRun, SyncState

__all__ = [
    "Absence",
    "Account",
    "AccountHealth",
    "Alert",
    "AlertAct",
    "AlertPlace",
    "Answer",
    "BandOverride",
    "CSMProfile",
    "ChurnAssessment",
    "ChurnStory",
    "CoachingPlan",
    "CoachingStep",
    "Digest",
    "DigestChannel",
    "DigestChoice",
    "DraftSource",
    "ExchangeRate",
    "FiguresInNotion",
    "FiguresRun",
    "HealthScore",
    "Hint",
    "HintState",
    "HistoryReport",
    "NotionWatch",
    "Opportunity",
    "OpportunityPlace",
    "Outcome",
    "OutcomeImport",
    "OutcomeKind",
    "PlacePurpose",
    "PlanState",
    "PolicyDraft",
    "PolicyVersion",
    "PriceItem",
    "ProfileState",
    "PropertyMapping",
    "ROIFactMapping",
    "ReportKind",
    "SyncKind",
    "SyncRun",
    "SyncState",
    "WriteState",
    "WrittenFigures",
]
