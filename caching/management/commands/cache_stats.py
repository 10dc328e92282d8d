"""`manage.py cache_stats`: how well the cache works, over every process."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from caching.overview import CacheOverview, describe_cache


class Command(BaseCommand):
    help = "Show hits and misses of every cached function."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        overview = describe_cache()
        if options["json"]:
            self.stdout.write(json.dumps(asdict(overview), indent=2))
        else:
            self._print(overview)

    def _print(self, overview: CacheOverview) -> None:
        redis = "answers" if overview.redis_answers else "does not answer"
        self.stdout.write(f"Redis {redis}. Counts of every process, last seven days:")
        row = "{:<44} {:>9} {:>9} {:>9} {:>7}"
        self.stdout.write(row.format("function", "L1 hits", "L2 hits", "misses", "hits %"))
        for f in overview.functions:
            ratio = "-" if f.hit_ratio is None else f"{f.hit_ratio:.1%}"
            self.stdout.write(row.format(f.name, f.l1_hits, f.l2_hits, f.misses, ratio))
