"""Every word of the query language, as its published schema lists them, and those of a query."""

from analytics.query.language.schema import query_schema

ABOUT_THE_ANSWERING = {"engine", "rollup", "columnar", "mongodb", "max_time_ms"}
"""Says who answers and how long that may take, never what the answer is."""


def vocabulary():
    """Keys, operators, aggregates, granularities and whatever else the language names."""
    return set(words_of_schema(query_schema())) - ABOUT_THE_ANSWERING


def words_of_schema(schema):
    if isinstance(schema, list):
        for each in schema:
            yield from words_of_schema(each)
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        yield from (each for each in schema.get("enum", ()) if isinstance(each, str))
        yield from [schema["const"]] if "const" in schema else []
        for each in schema.values():
            yield from words_of_schema(each)


def words_of(query):
    """Keys and texts of a query: those of the language, and its operands."""
    if isinstance(query, dict):
        for key, each in query.items():
            yield key
            yield from words_of(each)
    elif isinstance(query, list):
        for each in query:
            yield from words_of(each)
    elif isinstance(query, str):
        yield query
