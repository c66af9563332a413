"""The mirror of the workspace's accounts, their scores and what follows from them."""

from accounts.models.account import Account, PropertyMapping, ROIFactMapping
from accounts.models.churn import ChurnAssessment
from accounts.models.health import AccountHealth, HealthScore, PolicyVersion
from accounts.models.sync import SyncRun, SyncState

__all__ = [
    "Account",
    "AccountHealth",
    "ChurnAssessment",
    "HealthScore",
    "PolicyVersion",
    "PropertyMapping",
    "ROIFactMapping",
    "SyncRun",
    "SyncState",
]
