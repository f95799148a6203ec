import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.prod")
application = get_wsgi_application()

# Imported here: the checks read models, which exist from the line above on.
from backend.config.checks import refuse_unsafe_start  # noqa: E402

refuse_unsafe_start()
