"""The admin's theme. Apps reach it through `formplatform.core.admin_theme` only."""

from django.templatetags.static import static

from . import env

ADMIN_THEME = env.choice("ADMIN_THEME", "unfold", options=("unfold", "plain"))
ADMIN_THEME_APPS = ["unfold"] if ADMIN_THEME == "unfold" else []
BLUES = {
    "50": "oklch(97% .014 254.6)",
    "100": "oklch(93.2% .032 255.6)",
    "200": "oklch(88.2% .059 254.1)",
    "300": "oklch(80.9% .105 251.8)",
    "400": "oklch(70.7% .165 254.6)",
    "500": "oklch(62.3% .214 259.8)",
    "600": "oklch(54.6% .245 262.9)",
    "700": "oklch(48.8% .243 264.4)",
    "800": "oklch(42.4% .199 265.6)",
    "900": "oklch(37.9% .146 265.5)",
    "950": "oklch(28.2% .091 267.9)",
}
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
    "COLORS": {"primary": BLUES},
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}
