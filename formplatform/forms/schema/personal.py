"""Which fields hold personal data: those that are marked, and what is calculated from them."""

from collections.abc import Collection, Iterable

from .definition import Definition


def personal_fields(definition: Definition, *, also: Collection[str] = ()) -> set[str]:
    """Ids of one definition's personal fields; those in `also` are taken for such."""
    personal: set[str] = set()
    for field in definition.fields:  # what is calculated stands behind what it is calculated from
        sources = field.expression.fields() if field.expression else ()
        if field.pii or field.id in also or not personal.isdisjoint(sources):
            personal.add(field.id)
    return personal


def ever_personal(definitions: Iterable[Definition]) -> set[str]:
    """Ids of the fields that any version says are personal, or that any calculates from one."""
    versions = list(definitions)
    personal: set[str] = set()
    while True:
        found = set().union(*(personal_fields(each, also=personal) for each in versions))
        if found <= personal:
            return personal
        personal |= found
