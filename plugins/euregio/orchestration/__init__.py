"""Airflow: tasks, assets, partitions. The only room that imports airflow."""
