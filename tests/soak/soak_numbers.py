"""The live numbers are exact, whatever happens to what is counted and to those who count.

Responses are submitted (in bulk), edited and deleted; the events of all that reach workers late,
twice and out of order, and the workers are killed with -9 in the middle of their batches. In the
end the numbers must be what two recounts say, to the last digit. Then one key is corrupted by hand:
a verification must name its day, a repair must mend it. --operations, --kills and --seed.
"""

import os
import random
import sys
import tempfile
import time
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

from boot import progress
from tests.soak.options import embedded_stores, read_options
from tests.soak.workers import SIZES, Workers

WORKERS = 2
DAYS = 40
STEP = {"submit": 200, "edit": 125, "delete": 50, "redeliver": 75, "reorder": 50}
"""Operations between two looks at the clock; the submissions of a step are one bulk insert."""
REMEMBERED = 20_000
WAITING = 3_000
"""Events that are held back, so that there is something to reorder."""
BOUND_SECONDS = 3600.0


def main() -> int:
    options = read_options(__doc__, operations=200_000, kills=20, seed=1)
    with tempfile.TemporaryDirectory(prefix="fp-soak-") as directory:
        os.environ.update(embedded_stores(directory))
        import django

        django.setup()
        return soak(options.operations, options.kills, options.seed)


def soak(operations: int, kills: int, seed: int) -> int:
    from formplatform.core.embedded import ensure_stores
    from formplatform.core.preparation import prepare

    ensure_stores()
    prepare()
    started = time.monotonic()
    operating = Operating(seed)
    operating.run(operations, kills)
    print(f"{operating.done:,} operations in {time.monotonic() - started:.0f} s, seed {seed}")
    for name, count in (operating.counts + operating.workers.counts).items():
        print(f"{name:34}{count:>10,}")
    facts = {
        "operations": (operating.done, operations),
        "workers killed": (operating.workers.counts["kills"], kills),
        **exactness(operating.form.id),
        **corruption(operating.form.id),
    }
    for name, (found, expected) in facts.items():
        verdict = "ok" if found == expected else "WRONG"
        print(f"{name:34}{found!s:>12}  expected {expected!s:>12}  {verdict}")
    print(f"{'in all':34}{time.monotonic() - started:>10.0f} s")
    return 0 if all(found == expected for found, expected in facts.values()) else 1


class Operating:
    """Random operations on one form, and the events they cause on their way to the workers."""

    def __init__(self, seed: int) -> None:
        from django.contrib.auth.models import User

        from formplatform.core.actors import Actor
        from formplatform.forms.catalog import create_form
        from formplatform.forms.publishing import publish_form
        from formplatform.forms.storage.registry import get_store
        from tests.test_analytics import study

        self.random = random.Random(seed)
        self.actor = Actor(user_id=User.objects.filter(is_superuser=True).earliest("pk").pk)
        form = create_form(actor=self.actor, title="Soak", definition=study.DEFINITION)
        publish_form(form, actor=self.actor)
        self.form = get_store().find_form(form.id)
        self.live: list[str] = []
        self.waiting: list = []
        self.past: list = []
        self.counts: Counter[str] = Counter()
        self.done = 0
        self.workers = Workers(WORKERS, random.Random(seed))

    def run(self, operations: int, kills: int) -> None:
        due = [operations * (n + 1) // (kills + 1) for n in range(kills)]
        deadline = time.monotonic() + BOUND_SECONDS
        while self.done < operations and time.monotonic() < deadline:
            self.step(operations - self.done)
            self.send(keep=min(WAITING, operations // 4))
            if due and self.done >= due[0] and self.workers.kill_one():
                due.pop(0)
            progress(f"{self.done:,} of {operations:,} operations, {kills - len(due)} kills")
        self.send(keep=0)
        while due and time.monotonic() < deadline:
            self.workers.deliver(self.random.choices(self.past, k=max(SIZES)))
            due = due[1:] if self.workers.kill_one() else due
        self.workers.finish()
        progress("")

    def step(self, most: int) -> None:
        submissions = min(STEP["submit"], most)
        self.submit(submissions)
        others = [name for name, n in STEP.items() if name != "submit" for _ in range(n)]
        self.random.shuffle(others)
        for name in others[: most - submissions]:
            getattr(self, name)()
            self.counts[name] += 1
            self.done += 1

    def submit(self, number: int) -> None:
        """In bulk, as an import does: each with a moment of the last weeks."""
        from formplatform.core import clock
        from formplatform.forms.domain import FormResponse
        from formplatform.forms.ids import new_id
        from formplatform.forms.storage.registry import get_store
        from formplatform.forms.submissions import prepare_answers
        from formplatform.forms.versions import current_definition
        from tests.test_analytics import study

        version, definition = current_definition(self.form)
        now = clock.now()
        responses = [
            FormResponse(
                id=new_id(),
                form_id=self.form.id,
                version=version,
                data=prepare_answers(self.form, version, definition, study.answers(self.random)),
                submitted_at=now - timedelta(minutes=self.random.randrange(DAYS * 1440)),
                updated_at=now,
            )
            for _ in range(number)
        ]
        assert get_store().insert_responses(responses) == number
        self.live += [response.id for response in responses]
        self.tell(responses)
        self.counts["submit"] += number
        self.done += number

    def edit(self) -> None:
        from formplatform.forms.responses import edit_response, get_response
        from tests.test_analytics import study

        response = get_response(self.form.id, self.random.choice(self.live))
        newer = edit_response(response, study.answers(self.random), actor=self.actor)
        if newer.revision > response.revision:
            self.tell([newer])

    def delete(self) -> None:
        from formplatform.forms.responses import delete_response, get_response
        from formplatform.forms.storage.registry import get_store

        place = self.random.randrange(len(self.live))
        self.live[place], self.live[-1] = self.live[-1], self.live[place]
        response_id = self.live.pop()
        delete_response(get_response(self.form.id, response_id), actor=self.actor)
        self.tell(get_store().find_responses([response_id]))

    def redeliver(self) -> None:
        self.waiting.append(self.random.choice(self.past))

    def reorder(self) -> None:
        one, other = (self.random.randrange(len(self.waiting)) for _ in range(2))
        self.waiting[one], self.waiting[other] = self.waiting[other], self.waiting[one]

    def tell(self, responses: list) -> None:
        """The event of each newest revision; of the past some are remembered."""
        from formplatform.forms.owed import events_of_responses

        for response in responses:
            (*_, event) = events_of_responses([response])
            self.waiting.append(event)
            if len(self.past) < REMEMBERED:
                self.past.append(event)
            else:
                self.past[self.random.randrange(REMEMBERED)] = event

    def send(self, *, keep: int) -> None:
        while len(self.waiting) > keep:
            size = self.random.choice(SIZES)
            self.workers.deliver(self.waiting[:size])
            del self.waiting[:size]


def exactness(form_id: str) -> dict[str, tuple[object, object]]:
    """The numbers against a recount of our own, and against the platform's."""
    from analytics.proving.verification import verify
    from formplatform.forms.storage.registry import get_store

    progress("counting again")
    deep = verify(form_id, deep=True)
    progress("")
    return {
        "responses counted": (deep.counted, get_store().count_responses(form_id)),
        "a recount by other code": (differences(form_id), "no difference"),
        "verified key by key": (verdict_of(deep), "exact"),
        "keys that differ": (len(deep.keys or ()), 0),
    }


def corruption(form_id: str) -> dict[str, tuple[object, object]]:
    """One counter after the other changed by hand: what verification and repair make of each."""
    from analytics import keys
    from analytics.aggregator import current
    from analytics.keys import FormKeys
    from analytics.numbers.generations import Generations
    from analytics.proving.repair import repair
    from analytics.proving.verification import verify
    from formplatform.core.connections import numbers

    generations = Generations(numbers(), form_id)
    day, count = sorted(current().days(form_id).items())[DAYS // 2]
    facts: dict[str, tuple[object, object]] = {}
    broken = {
        "a day": (keys.days(), day, f"{day}: {count + 7}"),
        "a hash": (keys.hashes(), f"{day}:0", f"{day}: {count}"),
        "a quarter-hour": (keys.quarter_hours(day), "40", f"{day}: {count}"),
    }
    for what, (key, name, named) in broken.items():
        progress(f"repairing {what}")
        generation = generations.live
        numbers().hincrby(FormKeys(form_id).prefix + key, name, 7)
        found = verify(form_id)
        told = ", ".join(f"{each.day}: {each.counted}" for each in found.days)
        done = repair(form_id)
        how = f"{done.remedy.value}, {generations.live - generation} rebuilds"
        facts[f"{what}: corrupted"] = (verdict_of(found), "drifted")
        facts[f"{what}: named"] = (told, named)
        facts[f"{what}: remedy"] = (how, "counters, 0 rebuilds")
        facts[f"{what}: repaired"] = (verdict_of(done.after), "exact")
    progress("")
    return facts | {"a recount by other code, again": (differences(form_id), "no difference")}


def verdict_of(found) -> str:
    if not found.is_settled:
        return "unsettled"
    return "exact" if found.is_exact else "drifted"


def differences(form_id: str) -> str:
    """What the tests' own way of counting makes of everything that is stored."""
    from analytics.aggregator import current
    from formplatform.core.connections import numbers
    from formplatform.forms.storage.registry import get_store
    from tests.test_analytics.world import assert_exact

    live = [each for batch in get_store().scan_responses(form_id) for each in batch]
    try:
        assert_exact(current(), SimpleNamespace(form_id=form_id, live=lambda: live), numbers())
    except AssertionError as error:
        return f"it differs {error}"
    return "no difference"


if __name__ == "__main__":
    sys.exit(main())
