"""What Airflow loads of Euregio: the timetable of its DAGs and the atlas page, behind Airflow's own log-in."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from euregio.orchestration.pages import Lazily, atlas_app
from euregio.orchestration.timetable import PartitionTimetable


class EuregioPlugin(AirflowPlugin):
    """Everything else under plugins/ is a package that Airflow's walk passes by (.airflowignore)."""

    name = "euregio"
    timetables = [PartitionTimetable]  # noqa: RUF012
    fastapi_apps = [{"app": Lazily(atlas_app), "url_prefix": "/euregio", "name": "Euregio"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {"name": "Atlas", "href": "/euregio/atlas/", "destination": "nav", "url_route": "atlas", "nav_top_level": True}
    ]
