"""Reading requests: strict JSON, and a CSV file as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from ledger.core.canonical_json import loads
from ledger.core.errors import LedgerCode, LedgerError

MAX_JSON_BYTES = 256 * 1024
MAX_FILE_BYTES = 5 * 1024 * 1024


class TooLargeError(APIException):
    """413: more than is read."""

    status_code = 413
    default_code = "too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit:,} bytes, which is all that is read here. Send less at once.")


class StrictJsonParser(BaseParser):
    """One JSON object: no duplicate names, no floats, no NaN, no half surrogates, 32 levels at most.

    Masses and money come as decimal strings, so a float in a request is a mistake that rounding would hide.
    """

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the object. Raises ParseError with the reason, TooLargeError."""
        del media_type, parser_context
        data = stream.read(MAX_JSON_BYTES + 1)
        if len(data) > MAX_JSON_BYTES:
            raise TooLargeError(MAX_JSON_BYTES)
        try:
            value = loads(data, max_bytes=MAX_JSON_BYTES)
        except LedgerError as error:
            code = "too-large" if error.code is LedgerCode.TOO_LARGE else "malformed-json"
            raise ParseError(error.sentence, code=code) from error
        if not isinstance(value, dict):
            raise ParseError("The body is not a JSON object.", code="malformed-json")
        return value


class CsvFileParser(BaseParser):
    """A CSV file, handed on as bytes: the reconciliation reads it."""

    media_type = "text/csv"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the bytes. Raises TooLargeError."""
        del media_type, parser_context
        data: bytes = stream.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise TooLargeError(MAX_FILE_BYTES)
        return data
