"""Charts as server-rendered SVG: pure functions over frozen values, each with the same figures as a table."""

from lode.web.charts.base import Chart, ChartCode, ChartError
from lode.web.charts.flow_balance import Band, Flow, Loop, Node
from lode.web.charts.line import Level, Point, Series, line
from lode.web.charts.sankey import sankey
from lode.web.charts.steps import Change, steps
from lode.web.charts.waterfall import Step, waterfall

__all__ = [
    "Band",
    "Change",
    "Chart",
    "ChartCode",
    "ChartError",
    "Flow",
    "Level",
    "Loop",
    "Node",
    "Point",
    "Series",
    "Step",
    "line",
    "sankey",
    "steps",
    "waterfall",
]
