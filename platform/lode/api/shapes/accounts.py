"""Balances, statements of account, histories, and what was learned of a day."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ledger.core.entry import Account
from ledger.selectors.values import Order
from lode.api.shapes.fields import (
    MAX_SIZE,
    MassField,
    Query,
    Shape,
    TableQuery,
    UtcField,
    day,
    disputed_by,
    element,
    identifier,
    known_at,
    state,
    text,
)
from lode.api.shapes.ledger import AccountShape, LegShape

AXES = ("owner", "holder", "state", "lot")


class AxesQuery(TableQuery):
    """Which accounts are meant, and by which of their axes they are told apart."""

    owner = identifier()
    holder = identifier()
    element = element()
    state = state()
    lot = identifier()
    known_at = known_at()
    group = text(help_text="axes to keep, comma between: owner, holder, state, lot; `none` sums over all of them")

    def validate_group(self, value: str) -> tuple[str, ...]:
        """Return the axes. Raises ValidationError for one that is not."""
        if value == "none":
            return ()
        axes = tuple(value.split(","))
        if set(axes) - set(AXES) or len(set(axes)) != len(axes):
            raise serializers.ValidationError(f"Name each of {', '.join(AXES)} at most once, or `none`.", "bad-group")
        return axes


class BalanceQuery(AxesQuery):
    as_of = day()


class BalanceShape(Shape):
    element = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    holder = serializers.CharField(allow_null=True)
    state = serializers.CharField(allow_null=True)
    lot = serializers.CharField(allow_null=True)
    mass_mg = MassField()


class OneAccountQuery(Query):
    """One account, by all its axes."""

    owner = identifier(required=True)
    holder = identifier(required=True)
    element = element(required=True)
    state = state(required=True)
    lot = identifier(required=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Return the query with its account as one value."""
        account = Account(*(attrs.pop(name) for name in Account._fields))
        return {**attrs, "account": account}


class AccountBalanceQuery(OneAccountQuery):
    as_of = day()
    known_at = known_at()


class AccountBalanceShape(Shape):
    account = AccountShape()
    as_of = serializers.DateField(allow_null=True)
    known_at = serializers.IntegerField()
    mass_mg = MassField()


class StatementQuery(OneAccountQuery, TableQuery):
    start = day()
    end = day()
    known_at = known_at()


class HistoryQuery(OneAccountQuery, TableQuery):
    order = serializers.ChoiceField([order.value for order in Order], required=False, default=Order.RECORDED.value)
    known_at = known_at()


class AccountLineShape(Shape):
    index = serializers.IntegerField()
    entry_id = serializers.CharField()
    kind = serializers.CharField()
    occurred = serializers.DateField()
    recorded_utc = UtcField(source="recorded")
    contract = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_null=True)
    late = serializers.BooleanField(help_text="later days had been recorded in the account before it")
    disputed_by = disputed_by()
    balance_before_mg = MassField(help_text="in the order of the lines")
    balance_after_mg = MassField(help_text="in the order of the lines")
    leg = LegShape(help_text="as posted, with the balances that were sealed")


class AccountStatementShape(Shape):
    account = AccountShape()
    start = serializers.DateField(allow_null=True)
    end = serializers.DateField(allow_null=True)
    known_at = serializers.IntegerField()
    order = serializers.ChoiceField([order.value for order in Order])
    opening_mg = MassField()
    closing_mg = MassField()


class LearnedQuery(AxesQuery):
    as_of = day(required=True)
    since = serializers.IntegerField(min_value=0, max_value=MAX_SIZE, help_text="the earlier tree size")


class LearnedRowShape(Shape):
    element = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    holder = serializers.CharField(allow_null=True)
    state = serializers.CharField(allow_null=True)
    lot = serializers.CharField(allow_null=True)
    before_mg = MassField(help_text="as known at `since`")
    after_mg = MassField(help_text="as known at `known_at`")


class LearnedLineQuery(TableQuery):
    owner = identifier()
    holder = identifier()
    element = element()
    state = state()
    lot = identifier()
    as_of = day(required=True)
    since = serializers.IntegerField(min_value=0, max_value=MAX_SIZE, help_text="the earlier tree size")
    known_at = known_at()


class LearnedLineShape(Shape):
    index = serializers.IntegerField()
    entry_id = serializers.CharField()
    kind = serializers.CharField()
    occurred = serializers.DateField()
    recorded_utc = UtcField(source="recorded")
    contract = serializers.CharField(allow_null=True)
    reference = serializers.CharField(allow_null=True)
    leg = LegShape()
