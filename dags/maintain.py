"""Upkeep, each night: old periods, snapshots that nothing cites, small files, orphans, bytes that no release stands on."""

from euregio.orchestration.upkeep_dag import upkeep_dag

maintain = upkeep_dag()
