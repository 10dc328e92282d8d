"""The admin's theme. Apps reach it through `formplatform.core.admin_theme` only."""

from django.templatetags.static import static

from . import env

ADMIN_THEME = env.choice("ADMIN_THEME", "unfold", options=("unfold", "plain"))
ADMIN_THEME_APPS = ["unfold"] if ADMIN_THEME == "unfold" else []
UNFOLD = {
    "SITE_TITLE": "formplatform",
    "SITE_HEADER": "formplatform",
    "SITE_SYMBOL": "dynamic_form",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: static("formplatform/favicon.svg"),
        }
    ],
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}
