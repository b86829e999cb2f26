"""Charts as server-rendered SVG: pure functions over frozen values, each with the same figures as a table."""

from lode.web.charts.base import Chart, ChartCode, ChartError

__all__ = ["Chart", "ChartCode", "ChartError"]
