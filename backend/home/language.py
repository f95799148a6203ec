"""`/` sends people to the language that their browser prefers."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language_from_request


def to_preferred_language(request: HttpRequest) -> HttpResponse:
    language = get_language_from_request(request)
    response = HttpResponseRedirect(f"/{'en' if language.startswith('en') else 'vi'}/")
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response
