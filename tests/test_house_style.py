"""The parts of the house style that no linter checks."""

import ast
import re
import statistics
from pathlib import Path

import pytest

from tests import storeless

ROOT = Path(__file__).parents[1]
APPS = ("formplatform", "analytics", "caching", "integrations", "reporting", "plugins")
SOURCES = sorted(
    path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts
)
WRITTEN = [path for path in SOURCES if path.read_text(encoding="utf-8").strip()]
LONGEST_FILE = 400
MEDIAN_FILE = 120
MEAN_FUNCTION = 12
LONGEST_TASK = 4
VAGUE = {"utils", "helpers", "misc", "common", "manager", "managers", "services", "stuff"}
HEAVY = {"numpy", "pandas", "polars", "sklearn", "weasyprint", "simple_salesforce", "openpyxl"}
STORAGE = ("formplatform", "forms", "storage")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_a_file_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_files_are_small():
    lengths = [len(path.read_text(encoding="utf-8").splitlines()) for path in WRITTEN]
    assert statistics.median(lengths) <= MEDIAN_FILE


def test_functions_are_small():
    lengths = [
        node.end_lineno - node.lineno + 1
        for path in WRITTEN
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert statistics.mean(lengths) <= MEAN_FUNCTION


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_module_name_says_what_is_inside(path):
    assert path.stem not in VAGUE


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(tree(path)), "one sentence at the top of the module"


TASKS = [path for path in WRITTEN if path.stem in ("tasks", "subscribers")]


@pytest.mark.parametrize("path", TASKS, ids=name)
def test_a_task_or_subscriber_leaves_the_work_to_the_domain(path):
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            statements = [n for n in ast.walk(node) if isinstance(n, ast.stmt) and n is not node]
            docstring = int(ast.get_docstring(node) is not None)
            assert len(statements) - docstring <= LONGEST_TASK, node.name


@pytest.mark.parametrize("path", TASKS, ids=name)
def test_a_task_has_a_name_of_its_own(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "shared_task":
            names = [k.value for k in node.keywords if k.arg == "name"]
            assert names, f"line {node.lineno}: shared_task(name=…)"
            assert re.fullmatch(r"[a-z_]+\.[a-z_]+", ast.literal_eval(names[0]))


OUTSIDE_STORAGE = [
    path for path in WRITTEN if path.relative_to(ROOT).parts[: len(STORAGE)] != STORAGE
]


@pytest.mark.parametrize("path", OUTSIDE_STORAGE, ids=name)
def test_documents_and_rows_are_touched_only_inside_the_storage(path):
    allowed = {
        "formplatform.forms.storage.base",
        "formplatform.forms.storage.registry",
        "formplatform.forms.storage.probe",
        "formplatform.forms.storage.hashing",
        "formplatform.forms.storage",
    }
    doors = {f"{module}.{item}" for module in allowed for item in _public(module)}
    reached = {
        module
        for module in imported(path)
        if module.startswith(("formplatform.forms.storage", "mongoengine", "pymongo"))
    }
    if path.relative_to(ROOT).parts == ("formplatform", "forms", "models.py"):
        allowed.add("formplatform.forms.storage.sql")  # Django finds models through this module
        reached = {m for m in reached if not m.startswith("formplatform.forms.storage.sql")}
    assert reached <= allowed | doors


def _public(module: str) -> list[str]:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    if not path.exists():
        return []
    return [
        target
        for node in tree(path).body
        for target in (
            [node.name]
            if isinstance(node, ast.FunctionDef | ast.ClassDef)
            else [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
        )
    ]


CLIENTS = {
    "aiohttp", "asyncore", "boto3", "botocore", "ftplib", "grpc", "http.client", "httplib2",
    "httpx", "imaplib", "nntplib", "paramiko", "poplib", "pycurl", "requests", "smtplib", "socket",
    "ssl", "telnetlib", "urllib.request", "urllib3", "websocket", "websockets", "xmlrpc.client",
}  # fmt: skip
"""What connections can be made with. Mail leaves through Django."""
INSIDE = {
    "analytics/live/handover.py": "sockets that the web server accepted",
    "analytics/live/hub.py": "sockets that the web server accepted",
    "analytics/live/streams.py": "sockets that the web server accepted",
    "formplatform/core/guardian.py": "the embedded Valkey",
    "formplatform/core/stack.py": "our own web server",
    "formplatform/demo/client.py": "our own web server",
    "integrations/webhooks/tending/notices.py": "none: it names one of its errors",
}
"""Who may use one of them besides the outbound client, and for which place inside the house."""


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_only_the_outbound_client_connects_to_the_outside(path):
    if name(path).startswith("integrations/outbound/") or name(path) == "integrations/http.py":
        return
    used = {m for m in imported(path) if m in CLIENTS or m.split(".")[0] in CLIENTS}
    assert not used or name(path) in INSIDE


@pytest.mark.parametrize("file", INSIDE)
def test_what_connects_inside_still_does(file):
    assert imported(ROOT / file) & CLIENTS


@pytest.mark.parametrize("path", WRITTEN, ids=name)
def test_heavy_packages_are_imported_where_they_are_used(path):
    top = [node for node in tree(path).body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
    assert not {module.split(".")[0] for module in names} & HEAVY


ENV_READER = re.compile(
    r"env\.(?:text|secret|boolean|integer|choice|items|path|rate|url|raw|networks|ports|proxy|file)\(\s*\"([A-Z][A-Z0-9_]+)\""
)


def variables_read() -> set[str]:
    settings = (ROOT / "formplatform" / "settings").glob("*.py")
    return {found for path in settings for found in ENV_READER.findall(path.read_text())}


def test_every_variable_is_explained_in_the_example_file():
    listed = re.findall(
        r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
    assert variables_read() - set(listed) == {"ENV_FILE"} - set(listed)
    assert len(listed) == len(set(listed)), "a variable is listed twice"


def test_tests_are_called_the_same_in_every_process(request):
    """Processes that share the work must agree on the names."""
    ids = [item.nodeid for item in request.session.items]
    assert [each for each in ids if re.search(r" at 0x[0-9a-f]+>", each)] == []


@pytest.mark.parametrize("folder", storeless.STORELESS)
def test_what_runs_once_is_there(folder):
    places = [storeless.HERE / folder / each for each in storeless.STORELESS[folder]]
    missing = [
        each for each in places if not each.is_dir() and not each.with_suffix(".py").exists()
    ]
    assert not missing
