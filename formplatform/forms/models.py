"""The app's rows. Those of the store are touched only by `formplatform.forms.storage`."""

from .memberships import FormMembership
from .storage.sql.rows import FormRow, ResponseRow, RevisionRow, SessionRow, VersionRow

__all__ = ["FormMembership", "FormRow", "ResponseRow", "RevisionRow", "SessionRow", "VersionRow"]
