"""The app's rows; only `formplatform.forms.storage` touches them."""

from .storage.sql.rows import FormRow, ResponseRow, RevisionRow, SessionRow, VersionRow

__all__ = ["FormRow", "ResponseRow", "RevisionRow", "SessionRow", "VersionRow"]
