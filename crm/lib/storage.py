"""Where collected static files lie."""

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage

OURS = "js/*"


class HashedStaticStorage(CompressedManifestStaticFilesStorage):
    """Every file carries its hash in its name, and so do the names by which our JavaScript modules import each other."""

    support_js_module_import_aggregation = True
    # Django looks for imports in every *.js; libraries have such words in their comments.
    _js_module_import_aggregation_patterns = (OURS, HashedFilesMixin._js_module_import_aggregation_patterns[1])
