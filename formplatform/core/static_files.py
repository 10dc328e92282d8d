"""Files of pages under names that change with their content, so that browsers may keep them."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedFiles(CompressedManifestStaticFilesStorage):
    """What a JavaScript module imports is renamed, too: no page is half old and half new."""

    support_js_module_import_aggregation = True
