"""Who may do what: every URL of the API with the least that its caller has to be.

A role is what somebody is to the form the URL is about. A scope is what a key needs besides.
Whoever is less than that hears 404 where they may not know of it, otherwise 403.
"""

from collections.abc import Iterator

ANYBODY, KNOWN, STAFF = "anybody", "known", "staff"
ANY_SCOPE = "any scope"
SUBMITTER, VIEWER, EDITOR, OWNER = "submitter", "viewer", "editor", "owner"

FORM = "forms/<str:form_id>/"
NUMBERS = "analytics/forms/<str:form_id>/"
SAVED = "analytics/saved-queries/"
ONE_SAVED = f"{SAVED}<int:query_id>/"
WEBHOOK = "webhooks/<str:webhook_id>/"
DELIVERY = "deliveries/<str:delivery_id>/"

MATRIX = {
    ("GET", ""): (KNOWN, ANY_SCOPE),
    ("GET", "login/"): (ANYBODY, None),
    ("GET", "schema/"): (ANYBODY, None),
    ("GET", "docs/"): (ANYBODY, None),
    # Forms
    ("GET", "forms/"): (KNOWN, "forms:read"),
    ("POST", "forms/"): (KNOWN, "forms:write"),
    ("GET", FORM): (VIEWER, "forms:read"),
    ("PATCH", FORM): (EDITOR, "forms:write"),
    ("DELETE", FORM): (OWNER, "forms:write"),
    ("POST", f"{FORM}publish/"): (EDITOR, "forms:write"),
    ("GET", f"{FORM}versions/"): (VIEWER, "forms:read"),
    ("GET", f"{FORM}versions/<int:number>/"): (VIEWER, "forms:read"),
    ("GET", f"{FORM}versions/<int:number>/diff/"): (VIEWER, "forms:read"),
    ("GET", f"{FORM}members/"): (VIEWER, "forms:read"),
    ("POST", f"{FORM}members/"): (OWNER, "forms:write"),
    ("DELETE", f"{FORM}members/<str:username>/"): (OWNER, "forms:write"),
    # Responses
    ("GET", f"{FORM}responses/"): (VIEWER, "responses:read"),
    ("POST", f"{FORM}responses/"): (SUBMITTER, "responses:write"),
    ("POST", f"{FORM}responses/import/"): (EDITOR, "responses:write"),
    ("GET", f"{FORM}responses/export/"): (VIEWER, "responses:read"),
    ("GET", f"{FORM}responses/<str:response_id>/"): (VIEWER, "responses:read"),
    ("PUT", f"{FORM}responses/<str:response_id>/"): (EDITOR, "responses:write"),
    ("DELETE", f"{FORM}responses/<str:response_id>/"): (EDITOR, "responses:write"),
    ("POST", f"{FORM}sessions/"): (SUBMITTER, "responses:write"),
    # Numbers
    ("GET", f"{NUMBERS}metrics/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}timeseries/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}fields/<str:field>/distribution/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}fields/<str:field>/terms/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}missing/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}funnel/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}verify/"): (VIEWER, "analytics:read"),
    ("POST", f"{NUMBERS}verify/"): (EDITOR, "forms:write"),
    ("GET", f"{NUMBERS}query/"): (VIEWER, "analytics:read"),
    ("POST", f"{NUMBERS}query/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}meta/"): (VIEWER, "analytics:read"),
    ("GET", "analytics/query/schema/"): (KNOWN, "analytics:read"),
    ("GET", f"{NUMBERS}export/"): (VIEWER, "analytics:read responses:read"),
    ("POST", f"{NUMBERS}export/"): (VIEWER, "analytics:read"),
    ("GET", f"{NUMBERS}live/"): (VIEWER, "analytics:read"),
    ("GET", SAVED): (KNOWN, "analytics:read"),
    ("POST", SAVED): (VIEWER, "analytics:write"),
    # This one is shared with the team of the form.
    ("GET", ONE_SAVED): (VIEWER, "analytics:read"),
    ("PATCH", ONE_SAVED): (OWNER, "analytics:write"),
    ("DELETE", ONE_SAVED): (OWNER, "analytics:write"),
    ("POST", f"{ONE_SAVED}run/"): (VIEWER, "analytics:read"),
    ("GET", f"{ONE_SAVED}live/"): (VIEWER, "analytics:read"),
    # Webhooks
    ("GET", "webhooks/"): (KNOWN, "webhooks:read"),
    ("POST", "webhooks/"): (EDITOR, "webhooks:write"),
    ("GET", WEBHOOK): (EDITOR, "webhooks:read"),
    ("PATCH", WEBHOOK): (EDITOR, "webhooks:write"),
    ("DELETE", WEBHOOK): (EDITOR, "webhooks:write"),
    ("POST", "webhooks/dry-run/"): (EDITOR, "webhooks:write"),
    ("POST", f"{WEBHOOK}dry-run/"): (EDITOR, "webhooks:write"),
    ("POST", f"{WEBHOOK}test/"): (EDITOR, "webhooks:write"),
    ("POST", f"{WEBHOOK}rotate-secret/"): (EDITOR, "webhooks:write"),
    ("POST", f"{WEBHOOK}disable/"): (EDITOR, "webhooks:write"),
    ("POST", f"{WEBHOOK}enable/"): (EDITOR, "webhooks:write"),
    ("GET", f"{WEBHOOK}deliveries/"): (EDITOR, "webhooks:read"),
    ("GET", f"{WEBHOOK}explain/"): (EDITOR, "webhooks:read"),
    ("GET", f"{WEBHOOK}manifest/"): (EDITOR, "webhooks:read"),
    ("GET", DELIVERY): (EDITOR, "webhooks:read"),
    ("POST", f"{DELIVERY}redeliver/"): (EDITOR, "webhooks:write"),
    ("GET", "dead-letters/"): (KNOWN, "webhooks:read"),
    ("POST", "dead-letters/replay/"): (KNOWN, "webhooks:write"),
    # Reports
    ("GET", "reports/"): (KNOWN, "reports:read"),
    ("POST", "reports/"): (VIEWER, "reports:write"),
    ("GET", "reports/<int:report_id>/"): (VIEWER, "reports:read"),
    ("GET", "reports/<int:report_id>/download/"): (VIEWER, "reports:read"),
    ("GET", "schedules/"): (KNOWN, "reports:read"),
    ("POST", "schedules/"): (VIEWER, "reports:write"),
    # A schedule belongs to whoever made it: here that is the owner of the form.
    ("GET", "schedules/<int:schedule_id>/"): (OWNER, "reports:read"),
    ("PATCH", "schedules/<int:schedule_id>/"): (OWNER, "reports:write"),
    ("DELETE", "schedules/<int:schedule_id>/"): (OWNER, "reports:write"),
    ("POST", "schedules/<int:schedule_id>/run/"): (OWNER, "reports:write"),
    # The platform itself
    ("GET", "plugins/"): (STAFF, "plugins:read"),
    ("GET", "plugins/<slug:name>/"): (STAFF, "plugins:read"),
    ("PATCH", "plugins/<slug:name>/"): (STAFF, "plugins:write"),
    ("POST", "plugins/<slug:name>/enable/"): (STAFF, "plugins:write"),
    ("POST", "plugins/<slug:name>/disable/"): (STAFF, "plugins:write"),
    ("GET", "cache/"): (STAFF, "cache:read"),
    ("POST", "cache/bump/"): (STAFF, "cache:write"),
    ("POST", "cache/invalidate/"): (STAFF, "cache:write"),
    # A session only: a key can never make or list keys
    ("GET", "api-keys/"): (KNOWN, None),
    ("POST", "api-keys/"): (KNOWN, None),
    ("DELETE", "api-keys/<int:key_id>/"): (KNOWN, None),
    ("POST", "api-keys/<int:key_id>/rotate/"): (KNOWN, None),
}
SIGNING_IN = {("POST", "login/"), ("PUT", "login/"), ("GET", "logout/"), ("POST", "logout/")}
"""Pages of the browser; test_login.py has them."""

OTHERS_SEE = {WEBHOOK: EDITOR, DELIVERY: EDITOR, "schedules/<int:schedule_id>/": OWNER}
"""Who may at least know of it, where that is not every viewer of the form."""

PEOPLE = ["stranger", SUBMITTER, VIEWER, EDITOR, OWNER, STAFF]
"""From the least to the most that somebody can be."""

DONE, UNKNOWN, FORBIDDEN, HIDDEN = 200, 401, 403, 404
"""DONE stands for every status of success."""

Row = tuple[str, str]


def rows() -> Iterator[Row]:
    """Every row, in an order in which one takes away nothing that another one needs."""
    yield from sorted(MATRIX, key=lambda row: (row[0] == "DELETE", row[1] == FORM))


def expected_of(who: str, row: Row) -> int:
    """What a person hears, signed in or with a key of every scope."""
    least = MATRIX[row][0]
    if least == ANYBODY:
        return DONE
    if who == "anonymous":
        return HIDDEN if least == SUBMITTER else UNKNOWN
    if least == KNOWN or _is_at_least(who, least):
        return DONE
    if least == STAFF:
        return FORBIDDEN
    sees = next((role for prefix, role in OTHERS_SEE.items() if row[1].startswith(prefix)), VIEWER)
    return FORBIDDEN if _is_at_least(who, sees) else HIDDEN


def expected_of_key(who: str, scopes: set[str], row: Row) -> int:
    """What a key of theirs hears; scopes are asked for before anything is looked up."""
    scope = MATRIX[row][1]
    if MATRIX[row][0] == ANYBODY:
        return DONE
    if scope is None or (scope != ANY_SCOPE and not set(scope.split()) <= scopes):
        return FORBIDDEN
    return expected_of(who, row)


def _is_at_least(who: str, role: str) -> bool:
    return PEOPLE.index(who) >= PEOPLE.index(role)
