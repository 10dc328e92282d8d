"""`manage.py plugins`: list them, or switch one."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from formplatform.core.errors import PlatformError
from plugins.overview import overview_of
from plugins.registry import disable_plugin, enable_plugin, list_plugins


class Command(BaseCommand):
    help = "List plugins; enable or disable one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        switch = parser.add_mutually_exclusive_group()
        switch.add_argument("--enable", metavar="NAME")
        switch.add_argument("--disable", metavar="NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["enable"]:
                enable_plugin(options["enable"])
            if options["disable"]:
                disable_plugin(options["disable"])
        except PlatformError as error:
            raise CommandError(error.message) from error
        for row, found in list_plugins():
            plugin = overview_of(row, found)
            state = "enabled" if plugin.enabled else "disabled"
            reason = plugin.problem or plugin.last_error
            self.stdout.write(
                f"{plugin.name} {plugin.version}  {plugin.trust or 'gone'}  {state}  "
                f"{plugin.calls} calls{f'  ({reason})' if reason else ''}"
            )
