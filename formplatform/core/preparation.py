"""What has to be true before the platform serves: tables, indexes, somebody who may log in."""

import io
import secrets

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor

ADMIN = "admin"


def prepare() -> str | None:
    """Bring the stores up to date; returns the new admin's password the first time, else None."""
    if _needs_migration():
        call_command("migrate", verbosity=0, interactive=False)
    call_command("ensure_indexes", stdout=io.StringIO())
    return make_first_admin()


def make_first_admin() -> str | None:
    """An account with every right and a random password, unless there is one."""
    if User.objects.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(ADMIN, password=password)
    return password


def _needs_migration() -> bool:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
