"""The ground that everything stands on."""

import subprocess
import sys

import pytest
from django.db import connections

from lode.parties.models import Organisation


def test_platform_stays_the_standard_librarys_module():
    code = "import platform; print(platform.python_version())"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == sys.version.split()[0]


@pytest.mark.django_db
def test_the_app_works_as_its_own_database_role():
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("lode_app",)


def test_a_database_of_ones_own_is_seen_by_every_role(own_database):
    assert {connections[alias].settings_dict["NAME"] for alias in ("default", "owner", "sequencer")} == {own_database}
    assert Organisation.objects.count() == 0
