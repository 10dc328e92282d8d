"""Hypothesis strategies for the short form of the language with all that the long one has."""

from hypothesis import strategies as st

from tests.test_analytics.questions.random_long_queries import VALUES, long_queries


@st.composite
def short_queries(draw):
    """A long query of one measure, said in the customer's words."""
    query = draw(long_queries(plain=draw(st.booleans())))
    measure, *_ = query.pop("measures")
    given = {"aggregate": measure["op"]}
    if "field" in measure:
        given["value"] = measure["field"]
    if measure["op"] == "percentile":
        given["aggregate"] = "median"
    known = {"_id", "value", *(each["as"] for each in query.get("group_by", []))}
    if "having" in query and given["aggregate"] in VALUES:
        del query["having"]
    if "having" in query:
        query["having"] = about_value(query["having"])
    if "sort" in query:
        asked = query["sort"] if isinstance(query["sort"], list) else []
        found = [renamed(each, measure["as"]) for each in asked]
        found = [each for each in found if each["field"] in known]
        query["sort"] = found or [{"field": "_id"}]
    if len(query.get("group_by", [])) == 1 and draw(st.booleans()):
        (query["group_by"],) = query["group_by"]
    return given | query


def about_value(having):
    """About the only measure, whichever it was about."""
    if isinstance(having, list):
        return [about_value(each) for each in having]
    return {
        key if key.startswith("$") else "value": about_value(each) if key.startswith("$") else each
        for key, each in having.items()
    }


def renamed(key, name):
    return key | {"field": "value"} if key["field"] == name else key
