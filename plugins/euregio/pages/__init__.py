"""The engineer's pages: what is asked of layer, journal, zone and declarations, and how it is drawn. Knows no Airflow."""
