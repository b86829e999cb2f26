"""The only writers of prices."""

from lode.market.services.hold_prices import hold_prices
from lode.market.services.publish_series import SeriesTerms, publish_series
from lode.market.services.record_prices import PriceRow, Recorded, record_prices

__all__ = ["PriceRow", "Recorded", "SeriesTerms", "hold_prices", "publish_series", "record_prices"]
