import os

from django.core.wsgi import get_wsgi_application

from crm.lib.collecting import collect_rarely

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
application = get_wsgi_application()
collect_rarely()
