"""Which groups a form is too careful to show, and live numbers without them."""

from formplatform.forms.storage.registry import get_store


def min_cell_of(form_id: str) -> int:
    """Groups of fewer respondents are hidden; 0: none are."""
    form = get_store().find_form(form_id)
    return 0 if form is None else form.min_cell
