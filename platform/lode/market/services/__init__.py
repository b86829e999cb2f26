"""The only writers of prices."""

from lode.market.services.publish_series import SeriesTerms, publish_series
from lode.market.services.record_prices import PriceRow, Recorded, record_prices

__all__ = ["PriceRow", "Recorded", "SeriesTerms", "publish_series", "record_prices"]
