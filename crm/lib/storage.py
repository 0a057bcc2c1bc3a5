"""Where collected static files lie."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticStorage(CompressedManifestStaticFilesStorage):
    """Every file carries its hash in its name, and so do the names by which our JavaScript modules import each other."""

    support_js_module_import_aggregation = True
