"""What Airflow loads of Euregio: the timetable of its DAGs, and the pages behind Airflow's own log-in."""

from __future__ import annotations

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from euregio.orchestration.links import DatasetLink, RunLink
from euregio.orchestration.pages import Lazily, links_app, pages_app
from euregio.orchestration.timetable import PartitionTimetable


class EuregioPlugin(AirflowPlugin):
    """Everything else under plugins/ is a package that Airflow's walk passes by (.airflowignore)."""

    name = "euregio"
    timetables: ClassVar[list[Any]] = [PartitionTimetable]
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": Lazily(pages_app), "url_prefix": "/euregio", "name": "Euregio"},
        {"app": Lazily(links_app), "url_prefix": "/euregio-links", "name": "Euregio links"},
    ]
    # assets have no place for links in Airflow 3.3; this one shows itself on their pages
    react_apps: ClassVar[list[Any]] = [
        {"name": "Euregio links", "bundle_url": "/euregio-links/asset_link.js", "destination": "base"},
    ]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Datasets",
            "href": "/euregio/datasets",
            "destination": "nav",
            "url_route": "datasets",
            "nav_top_level": True,
            "icon": "/euregio-links/datasets.svg",
            "icon_dark_mode": "/euregio-links/datasets-dark.svg",
        },
        {
            "name": "Atlas",
            "href": "/euregio/atlas/",
            "destination": "nav",
            "url_route": "atlas",
            "nav_top_level": True,
            "icon": "/euregio-links/atlas.svg",
            "icon_dark_mode": "/euregio-links/atlas-dark.svg",
        },
        # a tab on each DAG's page, and one on each run's
        {"name": "Dataset", "href": "/euregio/datasets/{DAG_ID}", "destination": "dag", "url_route": "dataset"},
        {
            "name": "Run report",
            "href": "/euregio/datasets/{DAG_ID}/runs/{RUN_ID}",
            "destination": "dag_run",
            "url_route": "run_report",
        },
    ]
    # on every task: the page of its dataset, and the report of its run
    global_operator_extra_links: ClassVar[list[Any]] = [DatasetLink(), RunLink()]
