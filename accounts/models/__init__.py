"""The mirror of the workspace's accounts, their scores and what follows from them."""

from accounts.models.account import Absence, Account, PropertyMapping, ROIFactMapping
from accounts.models.churn import ChurnAssessment
from accounts.models.health import AccountHealth, HealthScore, PolicyVersion
from accounts.models.sync import Answer, SyncKind, SyncRun, SyncState

__all__ = [
    "Absence",
    "Account",
    "AccountHealth",
    "Answer",
    "ChurnAssessment",
    "HealthScore",
    "PolicyVersion",
    "PropertyMapping",
    "ROIFactMapping",
    "SyncKind",
    "SyncRun",
    "SyncState",
]
