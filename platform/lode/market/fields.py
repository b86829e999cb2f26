"""A number column that keeps the digits as they were published."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

_Value = TypeVar("_Value")

if TYPE_CHECKING:

    class _Field(models.Field[_Value, _Value]):
        pass
else:
    # Django's fields take type arguments in its stubs only.
    class _Field(models.Field):
        def __class_getitem__(cls, _value: Any) -> type:
            return cls


class NumericField(_Field[_Value]):
    """PostgreSQL's `numeric` without a declared scale: 28125.00 stays 28125.00, and nothing is rounded."""

    description = "Exact decimal number"

    def db_type(self, connection: Any) -> str:  # noqa: ARG002 - Django passes it
        return "numeric"

    def get_prep_value(self, value: Any) -> Decimal | None:
        if value is None:
            return None
        if isinstance(value, float):
            raise TypeError("A binary float cannot be stored exactly: give a Decimal.")
        number = Decimal(value)
        if not number.is_finite():
            raise ValueError(f"{number} is not a finite number.")
        return number

    def to_python(self, value: Any) -> Decimal | None:
        return None if value is None else Decimal(value)
