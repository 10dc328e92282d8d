"""The words of free text: which are shown, and which never."""

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from analytics import terms
from analytics.statistics.stop_words import LANGUAGES, STOP_WORDS
from analytics.statistics.terms import count_terms, words_of
from analytics.terms import terms_of
from formplatform.core.api_keys import SCOPES, create_key
from formplatform.core.errors import InvalidInputError, NotFoundError
from tests.factories.forms import FormFactory, FormResponseFactory, FormVersionFactory
from tests.test_analytics import study


@pytest.fixture
def say(form_store):
    def store(*texts, min_cell=0, owner_id=1):
        form = form_store.insert_form(FormFactory(min_cell=min_cell, owner_id=owner_id))
        form_store.insert_version(FormVersionFactory(form_id=form.id, definition=study.DEFINITION))
        form_store.insert_responses(
            [FormResponseFactory(form_id=form.id, data={"note": text}) for text in texts]
        )
        return form.id

    return store


TEXTS = [
    "The food is great, great, GREAT",
    "Great food and Łódź",
    "Food: slow",
    "slow food by Jane Roe, call 555-1234",
    "slow!",
]


def shown(form_id, **asked):
    return {each["term"]: each["count"] for each in terms_of(form_id, "note", **asked)["terms"]}


def test_a_word_counts_once_per_answer_in_whatever_case_and_never_in_few_answers(say):
    found = terms_of(say(*TEXTS), "note", language="en")
    assert [(each["term"], each["count"], each["share"]) for each in found["terms"]] == [
        ("food", 4, 0.8),
        ("slow", 3, 0.6),
    ]
    assert (found["n"], found["least"], found["complete"]) == (5, 3, True)
    assert "jane" not in str(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("हिन्दी में लिखा", {"हिन्दी", "में", "लिखा"}),
        ("தமிழ் மொழி", {"தமிழ்", "மொழி"}),
        ("বাংলা ভাষা", {"বাংলা", "ভাষা"}),
        ("العَرَبِيَّة جميلة", {"العَرَبِيَّة", "جميلة"}),
        ("עִבְרִית", {"עִבְרִית"}),
        ("İstanbul", {"i\u0307stanbul"}),
        ("한국어 문장", {"한국어", "문장"}),
    ],
)
def test_vowels_and_marks_belong_to_their_word_in_every_script(text, words):
    assert words_of(text) == words


def test_an_article_before_an_apostrophe_is_no_part_of_the_word():
    text = "L\u2019école, c'est l'eau qu'il m'a donnée dell'acqua o'brien don't"
    found = words_of(text, without=STOP_WORDS["fr"])
    assert found == {"école", "eau", "donnée", "acqua", "o'brien", "don't"}
    assert words_of("d'y l'") == set()


def test_words_are_folded_and_hold_apostrophes_but_no_digits():
    assert words_of("Straße STRASSE don’t 555 a_b x2 über-groß") == {  # noqa: RUF001 - as typed
        "strasse",
        "don't",
        "über-gross",
    }
    assert count_terms(["a b", "été ÉTÉ"]) == {"été": 1}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_leaves_out_its_own_words(say, language):
    stop = sorted(word for word in STOP_WORDS[language] if len(word) > 2)[:20]
    form_id = say(*[" ".join([*stop, "ergonomia"])] * 3)
    assert shown(form_id, language=language) == {"ergonomia": 3}
    assert shown(form_id) == {"ergonomia": 3}


def test_stop_words_are_casefolded_words():
    for words in STOP_WORDS.values():
        assert {word for word in words if word != word.casefold()} == set()
        assert 80 < len(words) < 250


def test_a_form_that_hides_small_groups_shows_words_from_there_on(say):
    """All but one say good, and so who says it would be known of the one who does not."""
    form_id = say(*["good coffee"] * 7, *["good tea"] * 4, "bad tea", min_cell=5)
    assert shown(form_id, language="en") == {"coffee": 7, "tea": 5}


def test_personal_fields_and_other_types_are_refused(say):
    form_id = say("x")
    for field, code in (("email", "personal_data"), ("age", "wrong_type"), ("tags", "wrong_type")):
        with pytest.raises(InvalidInputError) as refused:
            terms_of(form_id, field)
        assert [error.code for error in refused.value.errors] == [code]
    with pytest.raises(NotFoundError):
        terms_of(form_id, "nope")


def test_no_more_answers_are_read_than_are_allowed(say, monkeypatch):
    form_id = say(*["coffee"] * 8)
    monkeypatch.setattr(terms, "MOST_TEXTS", 5)
    found = terms_of(form_id, "note")
    assert (found["n"], found["complete"]) == (5, False)
    monkeypatch.setattr(terms, "SECONDS", -1)
    assert (terms_of(form_id, "note")["n"], terms_of(form_id, "note")["terms"]) == (0, [])


def test_over_http_the_language_and_the_number_are_checked(say, form_store):
    ada = User.objects.create_user("ada")
    _, token = create_key(ada, name="tests", scopes=SCOPES)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    form_id = say(*TEXTS, owner_id=ada.pk)
    url = f"/api/v2/analytics/forms/{form_id}/fields/note/terms/"
    assert client.get(url, {"limit": 1}).json()["terms"][0]["term"] == "food"
    for wrong in ({"language": "xx"}, {"limit": 0}):
        assert client.get(url, wrong).status_code == 400
    missing = client.get(f"/api/v2/analytics/forms/{form_id}/missing/").json()
    row = next(each for each in missing["fields"] if each["name"] == "note")
    assert (row["answered"], row["rate"]) == (5, 0)
