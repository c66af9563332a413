"""Asks Notion whether a tenant's set-up is in order (SPEC 2.2, 2.3), and keeps the answer for the set-up page."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction

from accounts import mirror, notion_links, setup_check
from accounts.services import connection, mapping, preview
from accounts.services.connection import Problem, Trial
from accounts.services.mapping import Mapped
from accounts.setup_check import Check, FieldCheck, FieldState, QBRProperty, Step, StepState
from csm_portal.ports.errors import ChoiceNeeded, PortError, Trouble
from csm_portal.ports.workspace import ACCOUNT_FIELDS, DataSourceInfo, PropertyState, ValueKind, Workspace

_SETTINGS = "Settings"
_TITLES = _TOKEN, _ACCOUNTS, _PROPERTIES, _FIGURES, _QBRS = (
    "Token",
    "Accounts database",
    "Properties",
    "Scores in Notion",
    "QBR database",
)
_NO_QBRS = Step(
    title=_QBRS,
    state=StepState.WARNING,
    text="No QBR database is set. QBRs can be drafted and approved, and cannot be published to Notion.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _QBRs:
    """The QBR database as the check found it."""

    step: Step
    properties: tuple[QBRProperty, ...] = ()
    source: DataSourceInfo | None = None


def check(*, workspace: Workspace, has_qbr_database: bool, as_of: date, now: datetime) -> Check:
    """Ask the workspace whether everything is in order; keep the answer and the first rows with the connection.

    Never raises a PortError: what is wrong is what the answer says. About nine requests.
    """
    found, mapped = _check(workspace, has_qbr_database=has_qbr_database)
    if mapped is not None:
        rows = preview.read(
            preview.Read(
                source=mapped.source,
                properties=mapped.properties,
                names=mapped.names,
                problems={problem.field: problem.message for problem in mapped.problems},
                roi=mapped.roi.facts,
            ),
            workspace=workspace,
            as_of=as_of,
        )
        preview.keep_saved(rows, now=now)
    return _keep(found, now)


def note_unready(error: PortError, *, now: datetime) -> Check:
    """Keep that there is nothing to check yet, and why."""
    first = Step(title=_SETTINGS, state=StepState.ERROR, text=str(error))
    return _keep(Check(steps=(first, *map(_skipped, _TITLES))), now)


def try_out(connect: Callable[[], tuple[Workspace, bool]]) -> Trial:
    """Ask Notion about settings that are not in use. Writes nothing. Five requests at most.

    ``connect`` returns their workspace, and whether they name a QBR database.
    """
    steps: list[Step] = []
    try:
        workspace, has_qbr_database = connect()
    except PortError as error:
        return _failed([*steps, _wrong(_SETTINGS, error)], "", error)
    try:
        name = workspace.check_access()
    except PortError as error:
        is_refused = error.permanent and error.trouble == Trouble.UNAUTHORIZED
        return replace(
            _failed([_wrong(_TOKEN, error), *map(_skipped, (_ACCOUNTS, _QBRS))], "token", error),
            is_token_refused=is_refused,
        )
    steps.append(_token(name))
    try:
        source = workspace.describe_accounts()
    except PortError as error:
        field = "accounts_data_source" if isinstance(error, ChoiceNeeded) else "accounts_database"
        return _failed([*steps, _wrong(_ACCOUNTS, error), _skipped(_QBRS)], field, error)
    steps.append(Step(title=_ACCOUNTS, state=StepState.OK, text=f"“{source.title}” can be read."))
    if has_qbr_database:
        try:
            title = workspace.describe_qbrs().title
        except PortError as error:
            return _failed([*steps, _wrong(_QBRS, error)], "qbr_database", error)
        steps.append(Step(title=_QBRS, state=StepState.OK, text=f"“{title}” can be read."))
    return Trial(check=Check(steps=tuple(steps)))


def _failed(steps: list[Step], field: str, error: PortError) -> Trial:
    choices = error.choices if isinstance(error, ChoiceNeeded) else ()
    return Trial(
        check=Check(steps=tuple(steps), choices=choices),
        problems=(Problem(field=field, text=str(error)),),
        is_passing=not error.permanent,
    )


def _keep(found: Check, now: datetime) -> Check:
    with transaction.atomic():
        row = connection.locked()
        told = setup_check.compared(found, setup_check.from_json(row.last_check))
        row.last_check, row.checked_at = told.as_json(), now
        row.save(update_fields=["last_check", "checked_at"])
    return told


def _check(workspace: Workspace, *, has_qbr_database: bool) -> tuple[Check, Mapped | None]:
    try:
        token = _token(workspace.check_access())
    except PortError as error:
        first = _wrong(_TOKEN, error)
        return Check(steps=(first, *map(_skipped, _TITLES[1:])), is_unanswered=not error.permanent), None
    try:
        mapped = mapping.refresh(workspace=workspace)
    except PortError as error:
        qbrs = _qbrs(workspace, has_accounts=False) if has_qbr_database else _QBRs(step=_NO_QBRS)
        steps = (token, _wrong(_ACCOUNTS, error), _skipped(_PROPERTIES), _skipped(_FIGURES), qbrs.step)
        choices = error.choices if isinstance(error, ChoiceNeeded) else ()
        return Check(steps=steps, choices=choices, is_unanswered=not error.permanent), None
    source = mapped.source
    fields = setup_check.fields(
        source.properties,
        mapped.properties,
        names=mapped.names,
        problems={problem.field: problem.message for problem in mapped.problems},
        left_out=mapped.left_out,
    )
    qbrs = _qbrs(workspace, has_accounts=True) if has_qbr_database else _QBRs(step=_NO_QBRS)
    accounts = Step(title=_ACCOUNTS, state=StepState.OK, text=f"The accounts are read from “{source.title}”.")
    found = Check(
        steps=(token, accounts, _about_fields(fields), _about_figures(workspace), qbrs.step),
        fields=fields,
        properties=source.properties,
        carriers=_carriers(workspace, source),
        qbr_properties=qbrs.properties,
        source_title=source.title,
        source_url=notion_links.web_address(source.url),
        qbr_title=qbrs.source.title if qbrs.source else "",
        qbr_url=notion_links.web_address(qbrs.source.url) if qbrs.source else "",
    )
    return found, mapped


def _carriers(workspace: Workspace, source: DataSourceInfo) -> dict[str, tuple[str, ...]]:
    """Return field -> ids of the properties that can carry it.

    That follows from the kind of the field and the type of the property: one of each is asked about.
    """
    one_of_type = {info.type: info for info in source.properties}
    types: dict[ValueKind, frozenset[str]] = {}
    for spec in ACCOUNT_FIELDS:
        if spec.kind not in types:
            types[spec.kind] = frozenset(
                kind
                for kind, info in one_of_type.items()
                if all(p.field != spec.name for p in workspace.check_mapping(source, {spec.name: info.id}))
            )
    return {
        spec.name: tuple(info.id for info in source.properties if info.type in types[spec.kind])
        for spec in ACCOUNT_FIELDS
    }


def _token(name: str) -> Step:
    text = f"Notion accepts the token. It is that of the integration “{name}”."
    return Step(title=_TOKEN, state=StepState.OK, text=text)


def _about_fields(fields: tuple[FieldCheck, ...]) -> Step:
    broken = [field.field for field in fields if field.is_broken]
    if broken:
        text = (
            f"{mirror.labels(broken)} cannot be read: the property is gone or of a type that cannot carry it. "
            "What was last known stands; see below what to do."
        )
        return Step(title=_PROPERTIES, state=StepState.ERROR, text=text)
    unfed = [field.field for field in fields if field.is_open]
    if unfed:
        verb = "has" if len(unfed) == 1 else "have"
        text = (
            f"{mirror.labels(unfed)} {verb} no property, and stay unknown for every account. Choose a property below, or "
            "choose “Not in Notion” where you do not keep it."
        )
        return Step(title=_PROPERTIES, state=StepState.WARNING, text=text)
    fine = sum(field.state == FieldState.OK for field in fields)
    if fine == len(fields):
        text = f"All {fine} fields have a property that can carry them."
    else:
        text = f"{fine} of {len(fields)} fields have a property that can carry them; the others are optional or left out."
    return Step(title=_PROPERTIES, state=StepState.OK, text=text)


def _about_figures(workspace: Workspace) -> Step:
    if not connection.current().writes_figures:
        text = "Score and churn risk are not written back, as an admin chose."
        return Step(title=_FIGURES, state=StepState.OK, text=text)
    try:
        problems = workspace.describe_figures().problems
    except PortError as error:
        return _wrong(_FIGURES, error)
    if not problems:
        text = "Each account's page shows its health score and churn risk, once it had its first alert."
        return Step(title=_FIGURES, state=StepState.OK, text=text)
    text = f"{' '.join(problems)} Until then it is not written back to Notion; all else works."
    return Step(title=_FIGURES, state=StepState.WARNING, text=text)


def _qbrs(workspace: Workspace, *, has_accounts: bool) -> _QBRs:
    try:
        source = workspace.describe_qbrs()
        if not has_accounts:
            # Notion hides a relation into a database that is not shared: what is said of it would mislead.
            text = f"“{source.title}” can be read. Its properties are checked once the accounts database is in order."
            return _QBRs(step=Step(title=_QBRS, state=StepState.SKIPPED, text=text), source=source)
        properties = setup_check.qbr_properties(workspace.check_qbr_properties())
    except PortError as error:
        return _QBRs(step=_wrong(_QBRS, error))
    return _QBRs(step=_about_qbrs(source.title, properties), properties=properties, source=source)


def _about_qbrs(title: str, properties: tuple[QBRProperty, ...]) -> Step:
    missing = [f"“{found.name}”" for found in properties if found.state == PropertyState.MISSING]
    wrong = [found for found in properties if found.state == PropertyState.WRONG]
    if not missing and not wrong:
        return Step(title=_QBRS, state=StepState.OK, text=f"QBRs are published to “{title}”.")
    lacks = f"It has no property {mirror.listed(missing, total=len(missing))}." if missing else ""
    told = " ".join(found.message for found in wrong)
    offer = "The portal can create what is missing: see below." if missing else ""
    text = f"“{title}” cannot take a QBR yet. {lacks} {told} {offer}"
    return Step(title=_QBRS, state=StepState.ERROR, text=" ".join(text.split()))


def _wrong(title: str, error: PortError) -> Step:
    return Step(title=title, state=StepState.ERROR, text=str(error))


def _skipped(title: str) -> Step:
    return Step(title=title, state=StepState.SKIPPED, text="Not checked: what stands above comes first.")
