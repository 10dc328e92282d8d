"""Respondents who come, go on, submit and have their responses deleted, and a naive recount."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from formplatform.core import clock
from formplatform.forms.domain import Session
from formplatform.forms.events import SessionAdvanced
from formplatform.forms.ids import new_id
from tests.factories.forms import FormResponseFactory, FormVersionFactory
from tests.test_analytics.world import World

START = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
"""Clocks go back in Europe a few hours later."""
PAGES = ["You", "Trip 🚲", "a.b|c,d"]
FIELDS = ["age", "job", "why"]
FORMER = "page of no version"


def version(form_id, number):
    """Each version has one page and one field more than the one before."""
    fields = [
        {"id": field, "type": "text", "label": field, "page": page}
        for field, page in zip(FIELDS[:number], PAGES[:number], strict=True)
    ]
    return FormVersionFactory(form_id=form_id, number=number, definition={"fields": fields})


class SessionWorld(World):
    """Changes sessions in the store, too. `responses` are those sessions ended in, and live."""

    def __init__(self, form_id, store, seed=1):
        super().__init__(form_id, store, seed)
        self.ids = []
        self.versions = 0
        self.publish()

    def publish(self):
        self.versions += 1
        assert self.store.insert_version(version(self.form_id, self.versions))

    def act(self):
        """One random change: mostly further steps, often out of order."""
        choice = self.random.random()
        if choice < 0.05 and self.versions < len(FIELDS):
            self.publish()
        elif choice < 0.3 or not self.ids:
            self.step(new_id())
        elif choice < 0.85 or not self.responses:
            self.step(self.random.choice(self.ids))
        else:
            self.delete(self.random.choice(list(self.responses.values())))

    def step(self, session_id):
        moment = self._moment()
        news = {
            "viewed_at": self._moment,
            "started_at": self._moment,
            "pages": lambda: {self.random.choice(self._pages()): moment},
            "answered": lambda: {self.random.choice(FIELDS[: self.versions]): moment},
            "submitted_at": self._moment,
        }
        chosen = self.random.sample(list(news), self.random.randrange(4))
        given = {name: news[name]() for name in chosen}
        if "submitted_at" in given and self.random.random() < 0.7:
            response = FormResponseFactory(form_id=self.form_id, session_id=session_id)
            self.store.insert_response(response)
            self.responses[response.id] = response
            given["response_id"] = response.id
        self.merge(session_id, **given)

    def merge(self, session_id, **given):
        news = Session(id=session_id, form_id=self.form_id, updated_at=clock.now(), **given)
        stored = self.store.merge_session(news)
        if session_id not in self.ids:
            self.ids.append(session_id)
        self.events.append(advanced(stored))
        return stored

    def delete(self, response):
        super().delete(response)
        del self.responses[response.id]

    def live(self):
        """The sessions that count: those whose response was not deleted."""
        ended = {each.id: each for each in self.store.find_responses(self._response_ids())}
        return [
            session
            for session in self._sessions()
            if session.response_id is None or ended[session.response_id].deleted_at is None
        ]

    def _response_ids(self):
        return {each.response_id for each in self._sessions() if each.response_id}

    def _sessions(self):
        return self.store.find_sessions(self.ids)

    def _pages(self):
        return [*PAGES[: self.versions], FORMER]

    def _moment(self):
        return START + timedelta(seconds=self.random.choice([0, 1, 40, 900, 3_600, 20_000, 90_000]))


def advanced(session):
    return SessionAdvanced(
        id=f"evt_{session.id}_{session.revision}",
        occurred_at=clock.to_text(session.updated_at),
        form_id=session.form_id,
        session_id=session.id,
        revision=session.revision,
    )


def began(session):
    moments = [session.viewed_at, session.started_at, session.submitted_at]
    moments += [*session.pages.values(), *session.answered.values()]
    return min((moment for moment in moments if moment), default=session.updated_at)


def last(moments):
    return max((moment, name) for name, moment in moments.items())[1] if moments else None


def recount(sessions):
    """What sessions add up to, counted the slow way; and their times to complete."""
    found, times = Counter(), []
    for session in sessions:
        signs = [moment for moment in [session.started_at] if moment]
        signs += [*session.pages.values(), *session.answered.values()]
        found["viewed"] += 1
        found["started"] += bool(signs or session.submitted_at)
        found["submitted"] += bool(session.submitted_at)
        found.update(f"p:{page}" for page in session.pages)
        found.update(f"f:{field}" for field in session.answered)
        if session.submitted_at is None:
            found.update([f"lp:{last(session.pages)}"] if session.pages else [])
            found.update([f"lf:{last(session.answered)}"] if session.answered else [])
        elif signs or session.viewed_at:
            took = (session.submitted_at - min(signs or [session.viewed_at])).total_seconds()
            times += [took] if took >= 1 else []
    return Counter({name: count for name, count in found.items() if count}), sorted(times)
