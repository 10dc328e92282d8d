"""Write the columns of one form, or of every form, anew without what is dead."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from analytics.columns.cache import UNWRITABLE
from analytics.columns.compaction import Compacted, Progress, compact
from analytics.columns.folder import Folder, all_folders
from analytics.management.selection import add_arguments, chosen_forms


class Command(BaseCommand):
    help = "Rewrite the columns of forms without edited and deleted answers, in few files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)
        parser.add_argument("--format", choices=("text", "json"), default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["format"] == "json":
            self.stdout.write(json.dumps([asdict(each) for each in self._compacted(options)]))
            return
        for each in self._compacted(options):
            self.stdout.write(
                f"{each.form_id}: {each.rows} rows, {each.removed_rows} dead ones removed, "
                f"{each.files_before} files made {each.files}, "
                f"{each.bytes_before} bytes made {each.bytes}"
            )

    def _compacted(self, options: dict[str, Any]) -> Iterator[Compacted]:
        for form_id in chosen_forms(options):
            for folder in all_folders(form_id):
                with tqdm(unit=" rows", desc=form_id, file=self.stderr) as bar:
                    found = self._compact(folder, bar.update)
                if found is not None:
                    yield found

    def _compact(self, folder: Folder, progress: Progress) -> Compacted | None:
        try:
            return compact(folder, progress=progress)
        except OSError as error:
            raise CommandError(f"{UNWRITABLE} ({error.strerror or error})") from error
