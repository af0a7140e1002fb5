"""The chart, rendered by the real helm with the values of ``ci/`` and others."""

import pytest

from .chart import FILES, Chart, Rendered, helm


@pytest.fixture(scope="session")
def chart() -> Chart:
    return Chart(helm())


@pytest.fixture(scope="session", params=FILES)
def rendered(request, chart) -> Rendered:
    """Return the objects that helm makes of each file of ``ci/``."""
    return chart.template(request.param)
