"""Every address of the API that is none, and the document that says which ones are."""

from __future__ import annotations

from typing import NoReturn

from django.http import Http404
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from lode.api.resource import Resource


@extend_schema(exclude=True)
class Nothing(Resource):
    """Answers 404 with a problem document, to anybody and any method: there is nothing to protect."""

    authentication_classes = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: object, **kwargs: object) -> NoReturn:  # noqa: ARG002
        """Refuse before anything else is looked at."""
        raise Http404


@extend_schema(exclude=True)
class Document(SpectacularAPIView):
    """The OpenAPI document, the same that stands in docs/openapi.yaml."""
