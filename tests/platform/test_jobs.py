"""Celery over PGMQ, with real worker processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from lode.jobs.ping import ping
from tests.support import databases
from tests.support.workers import broker, queued, wait_until, worker


def lines(var: Path) -> list[str]:
    path = var / "log" / "ping.txt"
    return path.read_text().split() if path.exists() else []


@pytest.mark.worker
def test_a_message_sent_is_work_done_and_then_gone(own_database, tmp_path):
    with broker(own_database), worker(own_database, tmp_path):
        ping.delay("hello")
        wait_until(lambda: lines(tmp_path) == ["hello"], what="the ping")
        wait_until(lambda: queued(own_database) == 0, what="the acknowledgement")


@pytest.mark.worker
def test_the_message_of_a_killed_worker_is_delivered_again(own_database, tmp_path):
    with broker(own_database):
        with worker(own_database, tmp_path) as first:
            ping.delay("again", hold_seconds=1)
            wait_until(lambda: lines(tmp_path) == ["again"], what="the ping")
            first.kill()
        assert queued(own_database) == 1, "the message of the killed worker is kept"
        with worker(own_database, tmp_path):
            wait_until(lambda: lines(tmp_path) == ["again", "again"], what="the second delivery")
            wait_until(lambda: queued(own_database) == 0, what="the acknowledgement")


def test_the_app_may_create_queues_but_not_in_the_public_schema(own_database):
    with psycopg.connect(databases.CLUSTER.url("lode_app", own_database), autocommit=True) as connection:
        connection.execute("SELECT pgmq.create('one_more')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine (id int)")


def test_the_reader_sees_no_queue(own_database):
    with (
        psycopg.connect(databases.CLUSTER.url("lode_reader", own_database), autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT pgmq.create('not_mine')")


OTHER_BROKER = os.environ.get("LODE_TEST_BROKER_URL")


@pytest.mark.worker
@pytest.mark.skipif(not OTHER_BROKER, reason="LODE_TEST_BROKER_URL names no other broker to try")
def test_another_broker_takes_the_place_of_pgmq(own_database, tmp_path):
    assert OTHER_BROKER is not None
    with worker(own_database, tmp_path, CELERY_BROKER_URL=OTHER_BROKER):
        code = "import lode.config; from lode.jobs.ping import ping; ping.delay('elsewhere')"
        sender = databases.environment(own_database, tmp_path) | {
            "CELERY_BROKER_URL": OTHER_BROKER, "DJANGO_SETTINGS_MODULE": "lode.config.settings"
        }  # fmt: skip
        subprocess.run([sys.executable, "-c", code], env=sender, check=True)
        wait_until(lambda: lines(tmp_path) == ["elsewhere"], what="the ping")


@pytest.mark.worker
def test_the_owner_can_read_the_queues_that_the_app_made_and_so_back_them_up(own_database, tmp_path):
    with broker(own_database):
        ping.delay("kept")
    with psycopg.connect(databases.CLUSTER.url("lode_owner", own_database)) as connection:
        assert connection.execute("SELECT count(*) FROM pgmq.q_lode").fetchone() == (1,)
        assert connection.execute("SELECT queue_length FROM pgmq.metrics('lode')").fetchone() == (1,)
